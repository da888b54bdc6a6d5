// Where in the text does a comment belong? Positions relative to letters, which stay right while others write.
import type { Node } from '@tiptap/pm/model';
import type { EditorState } from '@tiptap/pm/state';
import { absolutePositionToRelativePosition, relativePositionToAbsolutePosition, ySyncPluginKey } from '@tiptap/y-tiptap';
import { fromBase64, toBase64 } from 'lib0/buffer';
import * as Y from 'yjs';

/** Two Yjs relative positions in the body, base64. */
export interface Anchor {
  from: string;
  to: string;
}

export interface Range {
  from: number;
  to: number;
}

export interface Sync {
  doc: Y.Doc;
  type: Y.XmlFragment;
  binding: { mapping: Parameters<typeof absolutePositionToRelativePosition>[2] } | null;
}

/** The editor's connection to its Yjs document. */
export const syncOf = (state: EditorState) => ySyncPluginKey.getState(state) as Sync | undefined;

/** What of a commented text is kept beside the anchor. */
export const QUOTE_MAX = 300;

/** The text of a range; blocks are separated by line breaks. */
export function quoteOf(doc: Node, { from, to }: Range): string {
  return doc.textBetween(from, to, '\n', (leaf) => (leaf.type.name === 'hardBreak' ? '\n' : '\ufffc')).slice(0, QUOTE_MAX);
}

/** Holds a range fast. `null` while the editor is not connected to its text. */
export function makeAnchor(sync: Sync | undefined, { from, to }: Range): Anchor | null {
  if (!sync?.binding) return null;
  const mapping = sync.binding.mapping;
  const relative = (pos: number, assoc: number) => {
    const made = absolutePositionToRelativePosition(pos, sync.type, mapping) as Y.RelativePosition;
    const there = Y.createAbsolutePositionFromRelativePosition(made, sync.doc);
    // The beginning holds to the letter after it, the end to the one before: what is typed at the edges stays outside.
    const held = there?.type instanceof Y.XmlText ? Y.createRelativePositionFromTypeIndex(there.type, there.index, assoc) : made;
    return toBase64(Y.encodeRelativePosition(held));
  };
  return { from: relative(from, 0), to: relative(to, -1) };
}

/** Finds an anchored range again. `null` when its text is gone. */
export function resolveAnchor(sync: Sync | undefined, doc: Node, anchor: Anchor): Range | null {
  if (!sync?.binding) return null;
  const mapping = sync.binding.mapping;
  try {
    const [from, to] = [anchor.from, anchor.to].map((end) =>
      relativePositionToAbsolutePosition(sync.doc, sync.type, Y.decodeRelativePosition(fromBase64(end)), mapping),
    );
    const isRange = typeof from === 'number' && typeof to === 'number' && from < to && to <= doc.content.size;
    return isRange && hasContent(doc, { from, to }) ? { from, to } : null;
  } catch {
    // Somebody else's program wrote something that is no position.
    return null;
  }
}

/** Whether a range holds anything to comment on, not only borders of blocks. */
export function hasContent(doc: Node, { from, to }: Range): boolean {
  let found = false;
  doc.nodesBetween(from, to, (node) => {
    if (node.isLeaf) found = true;
    return !found;
  });
  return found;
}

/** The one place where `quote` stands now; `null` when it stands nowhere or, being ambiguous, proves nothing. */
export function findQuote(doc: Node, quote: string): Range | null {
  // A letter or two would be found anywhere.
  if (quote.length < 4 || quote.length >= QUOTE_MAX || quote.includes('\ufffc')) return null;
  const { text, places } = flatten(doc);
  const at = text.indexOf(quote);
  if (at < 0 || text.includes(quote, at + 1)) return null;
  const [from, last] = [places[at], places[at + quote.length - 1]];
  return from === undefined || last === undefined ? null : { from, to: last + 1 };
}

/** The text as `quoteOf` writes it, with the position of each letter. */
function flatten(doc: Node): { text: string; places: number[] } {
  let text = '';
  const places: number[] = [];
  const add = (letters: string, pos: number) => {
    for (let index = 0; index < letters.length; index++) places.push(pos + index);
    text += letters;
  };
  let isFirst = true;
  doc.descendants((node, pos) => {
    if (node.isTextblock) {
      if (!isFirst) add('\n', pos);
      isFirst = false;
    } else if (node.isText) {
      add(node.text ?? '', pos);
    } else if (node.isLeaf) {
      add(node.type.name === 'hardBreak' ? '\n' : '\ufffc', pos);
    }
    return true;
  });
  return { text, places };
}
