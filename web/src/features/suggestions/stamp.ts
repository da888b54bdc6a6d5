// What does a suggestion say about itself? The same few facts on a mark of text and on an attribute of a node.
//
// Yjs keeps marks for text only, so a suggestion about a block is an attribute: on a text block it is about the border to the
// block before (a paragraph was split or joined there), on anything else about the whole node.
import type { Mark, Node } from '@tiptap/pm/model';

export type Kind = 'insertion' | 'deletion';
export const KINDS: readonly Kind[] = ['insertion', 'deletion'];

/** Who suggested, and when. Parts of one suggestion share the id. */
export interface Stamp {
  id: string;
  /** User id. */
  author: string;
  name: string;
  /** Epoch milliseconds. */
  at: number;
}

/** The facts on a mark. */
export function stampOfMark(mark: Mark): Stamp {
  const { id, author, name, at } = mark.attrs as Stamp;
  return { id, author, name, at };
}

/** The facts on text or on a node, if it is suggested in this way. */
export function stampOf(node: Node, kind: Kind): Stamp | null {
  if (node.isText) {
    const mark = node.marks.find((one) => one.type.name === kind);
    return mark ? stampOfMark(mark) : null;
  }
  return readStamp(node.attrs[kind]);
}

/** An attribute is text: y-tiptap compares attributes by identity and would write an object again with every key. */
export function writeStamp(stamp: Stamp): string {
  return JSON.stringify([stamp.id, stamp.author, stamp.name, stamp.at]);
}

/** Reads an attribute; what a stranger wrote there is no suggestion. */
export function readStamp(value: unknown): Stamp | null {
  if (typeof value !== 'string') return null;
  try {
    const [id, author, name, at] = JSON.parse(value) as unknown[];
    const isStamp = typeof id === 'string' && typeof author === 'string' && typeof name === 'string' && typeof at === 'number';
    return isStamp ? { id, author, name, at } : null;
  } catch {
    return null;
  }
}

/** Whether a node can carry suggestions. */
export function carriesStamps(node: Node): boolean {
  return !node.isText && 'insertion' in node.attrs && 'deletion' in node.attrs;
}

/** Nodes that are suggested as a whole: what has no text of its own, and tables. */
export function isWhole(node: Node): boolean {
  return !node.isText && (node.isAtom || node.type.name === 'table');
}
