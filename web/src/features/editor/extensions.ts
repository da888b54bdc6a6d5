// What can a page contain? The one list of node and mark types; the server's page HTML (src/worker) knows the same names.
import Collaboration from '@tiptap/extension-collaboration';
import CollaborationCaret from '@tiptap/extension-collaboration-caret';
import Highlight from '@tiptap/extension-highlight';
import Image from '@tiptap/extension-image';
import { TaskItem, TaskList } from '@tiptap/extension-list';
import { TableKit } from '@tiptap/extension-table';
import TextAlign from '@tiptap/extension-text-align';
import { Placeholder } from '@tiptap/extensions';
import StarterKit from '@tiptap/starter-kit';
import type { Room } from './room';

/** A colleague as the others see them. */
export interface Presence {
  id: string;
  name: string;
  color: string;
}

const COLORS = ['#1f7488', '#b3402a', '#5b4bb3', '#2f7d32', '#a8477f', '#8a6100', '#2b62b8', '#6b5b4a'];

/** A colour that is the same for one person everywhere. */
export function presenceColor(userId: string): string {
  let sum = 0;
  for (const character of userId) sum = (sum * 31 + character.charCodeAt(0)) >>> 0;
  return COLORS[sum % COLORS.length] ?? '#1f7488';
}

/** Every node and mark of a page, without a room: to read, to compare, to convert. */
export function schemaExtensions() {
  return [
    // Undo belongs to the collaboration: it must not take back a colleague's words.
    StarterKit.configure({ undoRedo: false, link: { openOnClick: false, protocols: ['http', 'https', 'mailto', 'tel'] } }),
    TaskList,
    TaskItem.configure({ nested: true }),
    TableKit.configure({ table: { resizable: true } }),
    Image,
    Highlight,
    TextAlign.configure({ types: ['heading', 'paragraph'] }),
  ];
}

/** The extensions of an editor on `room`. */
export function editorExtensions(room: Room, user: Presence, placeholder: string) {
  return [
    ...schemaExtensions(),
    Placeholder.configure({ placeholder }),
    Collaboration.configure({ document: room.doc }),
    CollaborationCaret.configure({ provider: room.provider, user }),
  ];
}
