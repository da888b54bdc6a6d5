// The shapes of the HTTP API, `/api/v1`. Times are epoch milliseconds, ids are UUIDs as text.

export type Role = 'previewer' | 'reader' | 'commenter' | 'editor' | 'manager';

export type Ability =
  | 'read'
  | 'download'
  | 'comment'
  | 'edit'
  | 'rename'
  | 'move'
  | 'delete'
  | 'share'
  | 'restore_version'
  | 'upload'
  | 'create_folder'
  | 'set_level';

export interface Named {
  id: string;
  name: string;
}

export interface Page<T> {
  items: T[];
  next_cursor?: string | null;
}

export interface UserView {
  id: string;
  name: string;
  display_name: string;
  is_admin: boolean;
  clearance: number;
  disabled: boolean;
  created_at: number;
}

export interface InfoView {
  version: string;
  name: string;
  upload_max_bytes: number;
  levels: { level: number; name: string }[];
}

export interface TokenView {
  id: string;
  name: string;
  created_at: number;
  expires_at: number | null;
  /** Only in the answer that creates the token. */
  token?: string;
}

export interface GroupView {
  id: string;
  parent_id: string | null;
  name: string;
  member_count: number;
}

export interface FolderView {
  id: string;
  parent_id: string | null;
  name: string;
  path: Named[];
  inherits: boolean;
  role: Role | null;
  abilities: Ability[];
  created_at: number;
  updated_at: number;
}

export interface Processing {
  state: 'waiting' | 'ready' | 'failed';
  code?: string | null;
  message?: string | null;
}

export interface DocumentView {
  id: string;
  kind: 'file' | 'page';
  name: string;
  folder_id: string;
  path: Named[];
  media_type: string;
  size_bytes: number;
  level: number;
  version: number;
  created_at: number;
  created_by: Named;
  updated_at: number;
  updated_by: Named;
  processing: Processing;
  page_count?: number | null;
  /** Whether grants from above reach it. */
  inherits: boolean;
  trashed_at?: number | null;
  role: Role | null;
  abilities: Ability[];
}

export interface ChildrenView {
  folders: FolderView[];
  documents: DocumentView[];
  next_cursor?: string | null;
}

export interface VersionView {
  number: number;
  size_bytes: number;
  sha256: string;
  media_type: string;
  author: Named;
  note: string | null;
  created_at: number;
  is_head: boolean;
  processing: Processing;
}

export interface GrantView {
  subject_kind: 'user' | 'group';
  subject_id: string;
  subject_name: string;
  role: Role;
  inherited_from: Named | null;
}

export interface Conflict {
  name: string;
  document_id: string;
}

export interface PagesView {
  version: number;
  page_count: number;
  /** Width and height of each page in points. */
  sizes: [number, number][];
}

export interface PageTextView {
  number: number;
  width: number;
  height: number;
  text: string;
  /** Code point offsets in `text`, and the rectangle in points from the top left. */
  words: { start: number; end: number; x: number; y: number; w: number; h: number }[];
}

export interface SearchView {
  total: number;
  took_ms: number;
  rebuilding: boolean;
  items: SearchHit[];
  next_cursor?: string | null;
}

export interface SearchHit {
  document: DocumentView;
  /** Code point ranges: index with `Array.from(text)`. */
  name_marks: [number, number][];
  snippets: { page: number | null; text: string; marks: [number, number][] }[];
  pages: number[];
}

export interface Suggestion {
  document_id: string;
  name: string;
  kind: 'file' | 'page';
  media_type: string;
  path: string;
}
