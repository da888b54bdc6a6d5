// The shapes of the HTTP API: taken from `schema.d.ts`, which `make openapi` writes from the server's own description.
// Where the description says only "string", the values that exist are named here.
import type { components } from './schema';

type Schemas = components['schemas'];
type Narrow<T, N> = Omit<T, keyof N> & N;

export type Role = Schemas['Role'];
export type Ability = Schemas['Action'];
export type Kind = 'file' | 'page' | 'board';

export interface Named {
  id: string;
  name: string;
}

export interface Page<T> {
  items: T[];
  next_cursor?: string | null;
}

export type UserView = Schemas['UserView'];
export type InfoView = Schemas['InfoView'];
export type TokenView = Schemas['TokenView'];
export type GroupView = Schemas['GroupView'];
export type StorageView = Schemas['StorageView'];
export type DamageView = Schemas['Damage'];
export type FolderView = Schemas['FolderView'];
export type Processing = Narrow<Schemas['ProcessingView'], { state: 'waiting' | 'ready' | 'failed' }>;
export type PropertyKind = Schemas['Kind'];
export type PropertyView = Schemas['PropertyView'];
export type DocumentView = Narrow<
  Schemas['DocumentView'],
  {
    kind: Kind;
    processing: Processing;
    // A copy that an older client kept on the device has neither.
    tags?: string[];
    properties?: Schemas['PropertyValuesView'][];
    missing_properties?: string[];
  }
>;
export type ChildrenView = Narrow<Schemas['ChildrenView'], { documents: DocumentView[] }>;
export type VersionView = Narrow<Schemas['VersionView'], { processing: Processing }>;
export type GrantView = Narrow<Schemas['GrantView'], { subject_kind: 'user' | 'group' }>;
export type AnnotationView = Schemas['AnnotationView'];
export type AnnotationMessageView = Schemas['AnnotationMessageView'];
export type AssignedAnnotationView = Schemas['AssignedAnnotationView'];
export type Conflict = Schemas['ConflictView'];
export type PagesView = Narrow<Schemas['PagesView'], { sizes: [number, number][] }>;
export type HtmlView = Schemas['HtmlView'];
export type PageTextView = Schemas['PageTextView'];
export type SearchHit = Narrow<
  Schemas['HitView'],
  {
    document: DocumentView;
    name_marks: [number, number][];
    snippets: { page?: number | null; text: string; marks: [number, number][] }[];
  }
>;
export interface FacetValue {
  value: string;
  /** Absent for a library that the reader does not see as a whole. */
  label?: string | null;
  count: number;
}
export interface FacetView {
  key: string;
  /** The name of a property; the others are named by the client. */
  label?: string | null;
  values: FacetValue[];
  /** There may be more values than are listed. */
  total_values: number;
}
export type SearchView = Narrow<Schemas['SearchView'], { items: SearchHit[]; facets?: FacetView[]; rebuilding?: { done: number; total: number } | null }>;
export type Suggestion = Narrow<Schemas['SuggestionView'], { kind: Kind }>;
export type SuggestionsView = Narrow<Schemas['SuggestionsView'], { documents: Suggestion[] }>;
export type EarlierSearch = Schemas['EarlierSearchView'];
/** `view`: how a list of records shows the result. */
export type SavedQuery = Narrow<Schemas['SavedQuery'], { view?: Record<string, unknown> | null }>;
export type SavedSearch = Narrow<Schemas['SavedSearchView'], { query: SavedQuery }>;
export type SimilarView = { items: { document: DocumentView; common: string[] }[] };
export type HitsView = Schemas['HitsView'];
export type PageCountView = Schemas['PageCountView'];
export type PageHitsView = Schemas['PageHitsView'];
export type RectView = Schemas['RectView'];
export type HistoryView = Schemas['HistoryView'];
export type BurstView = Schemas['BurstView'];
export type MomentView = Schemas['MomentView'];
export type EditOutcome = Schemas['OutcomeView'];
export type ImportReport = Schemas['ImportReport'];
export type TrashEntryView = Narrow<Schemas['TrashEntryView'], { kind: Kind | 'folder' }>;
export type RestoredView = Schemas['RestoredView'];
export type HoldView = Schemas['HoldView'];
export type UsageView = Schemas['UsageView'];
export type OwnerUsageView = Schemas['OwnerUsageView'];
export type AllUsageView = Schemas['AllUsageView'];
export type RetentionView = Schemas['RetentionView'];
export type LibraryRetentionView = Schemas['LibraryRetentionView'];
export type ThinnedView = Schemas['ThinnedView'];
