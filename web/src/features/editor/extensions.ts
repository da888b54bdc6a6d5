// What can a page contain? The one list of node and mark types; the server's page HTML (src/worker) knows the same names.
import type { Extensions } from '@tiptap/core';
import Collaboration from '@tiptap/extension-collaboration';
import CollaborationCaret from '@tiptap/extension-collaboration-caret';
import Highlight from '@tiptap/extension-highlight';
import { TaskItem, TaskList } from '@tiptap/extension-list';
import Subscript from '@tiptap/extension-subscript';
import Superscript from '@tiptap/extension-superscript';
import { TableRow } from '@tiptap/extension-table';
import TextAlign from '@tiptap/extension-text-align';
import { Color, FontFamily, FontSize, TextStyle } from '@tiptap/extension-text-style';
import { Placeholder, Selection } from '@tiptap/extensions';
import StarterKit from '@tiptap/starter-kit';
import { suggestionSchema } from '../suggestions/SuggestChanges';
import { CompositionGuard } from './composition';
import { KeepCursor } from './cursor';
import { Find } from './find/Find';
import { FormatPainter } from './formatPainter';
import { EditorKeys } from './keys';
import { Mention, type MentionOptions } from './mention/Mention';
import type { Room } from './room';
import { HighlightedCode, InlineCode } from './schema/code';
import { Indent } from './schema/indent';
import { NumberedList, Numberings } from './schema/lists';
import { PageBreak } from './schema/pageBreak';
import { ParagraphStyles } from './schema/paragraphStyles';
import { Picture } from './schema/picture';
import { ColouredCell, ColouredHeader, ResizableTable } from './schema/tables';

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

interface SchemaTexts {
  mention?: MentionOptions;
  pageBreak?: string;
  /** Read out in front of what is to be done. */
  task?: string;
}

/** Every node and mark of a page, without a room: to read, to compare, to convert. */
export function schemaExtensions({ mention, pageBreak = '', task = '' }: SchemaTexts = {}): Extensions {
  return [
    // Undo belongs to the collaboration: it must not take back a colleague's words.
    StarterKit.configure({
      undoRedo: false,
      orderedList: false,
      codeBlock: false,
      code: false,
      heading: { levels: [1, 2, 3, 4, 5, 6] },
      link: { openOnClick: false, protocols: ['http', 'https', 'mailto', 'tel'], defaultProtocol: 'https' },
    }),
    InlineCode,
    ParagraphStyles,
    Indent,
    NumberedList,
    Numberings,
    TaskList,
    TaskItem.configure({ nested: true, a11y: { checkboxLabel: (node) => `${task}${node.firstChild?.textContent ?? ''}` } }),
    ResizableTable,
    TableRow,
    ColouredCell,
    ColouredHeader,
    Picture,
    PageBreak.configure({ label: pageBreak }),
    HighlightedCode,
    mention ? Mention.configure(mention) : Mention,
    Highlight.configure({ multicolor: true }),
    TextStyle,
    Color,
    FontSize,
    FontFamily,
    Subscript,
    Superscript,
    TextAlign.configure({ types: ['heading', 'paragraph'], alignments: ['left', 'center', 'right', 'justify'] }),
    ...suggestionSchema(presenceColor),
  ];
}

interface EditorParts {
  room: Room;
  user: Presence;
  texts: { placeholder: string; pageBreak: string; task: string };
  mention: MentionOptions;
  /** Of other features: comments, suggestions … */
  extra?: Extensions;
}

/** The extensions of an editor on `room`. */
export function editorExtensions({ room, user, texts, mention, extra = [] }: EditorParts): Extensions {
  return [
    ...schemaExtensions({ mention, ...texts }),
    Placeholder.configure({ placeholder: texts.placeholder }),
    Find,
    FormatPainter,
    Selection,
    EditorKeys,
    CompositionGuard.configure({ arrivals: room.arrivals }),
    KeepCursor.configure({ arrivals: room.arrivals }),
    Collaboration.configure({ document: room.doc }),
    CollaborationCaret.configure({ provider: room.provider, user }),
    ...extra,
  ];
}
