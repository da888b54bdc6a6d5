// What does a page look like between two moments? One tree that holds what either of them shows.

/** A person (by place in `people`) did something at a time. */
export interface Deed {
  who: number;
  at: number;
}

/** `same` at both moments, `inserted` after the first, `deleted` before the second, or only `changed` in its looks. */
export type Status = 'same' | 'inserted' | 'deleted' | 'changed';

interface Piece {
  status: Status;
  /** Who brought it. */
  written: Deed;
  /** Who took it away, when it is `deleted`. */
  removed?: Deed;
  /** Who changed its looks, when it is `changed`. */
  changed?: Deed;
}

/** A run of text with one history. */
export interface TextRun extends Piece {
  text: string;
  /** Formatting, as Yjs has it. */
  attributes: Record<string, unknown>;
  /** Id of the shared text in which it stands. */
  key: string;
}

/** A paragraph, a table, a picture … */
export interface TreeNode extends Piece {
  type: string;
  attrs: Record<string, unknown>;
  /** When `changed`: what it was. */
  attrsBefore?: Record<string, unknown>;
  /** When another kind of block with the same words stood here: its type. */
  typeBefore?: string;
  /** Id of the equal or alike block that stood here. */
  replaces?: string;
  /** Id of the shared element, equal wherever and whenever it is shown. */
  key: string;
  content: (TreeNode | TextRun)[];
  /** Something in it, or itself, is not `same`. */
  touched: boolean;
}

export function isText(piece: TreeNode | TextRun): piece is TextRun {
  return 'text' in piece;
}

/** The words of a tree. */
export function textOf(pieces: (TreeNode | TextRun)[]): string {
  return pieces.map((piece) => (isText(piece) ? piece.text : textOf(piece.content))).join('');
}

/** The name of a mark: y-tiptap adds a hash to marks that may overlap. */
export function markName(attribute: string): string {
  return /(.*)(--[a-zA-Z0-9+/=]{8})$/.exec(attribute)?.[1] ?? attribute;
}
