// What becomes of suggestions? Accepting or rejecting makes one ordinary transaction.
import type { Node } from '@tiptap/pm/model';
import type { EditorState, Transaction } from '@tiptap/pm/state';
import { borderBefore } from './border';
import { isWhole, KINDS, stampOf, type Kind, type Stamp } from './stamp';

export type Verdict = 'accept' | 'reject';

/** Accepts or rejects the suggestions with the given ids, or all of them. `null` when there is none. */
export function settle(state: EditorState, verdict: Verdict, ids: ReadonlySet<string> | null): Transaction | null {
  const tr = state.tr;
  const stays: Kind = verdict === 'accept' ? 'insertion' : 'deletion';
  const goes: Kind = verdict === 'accept' ? 'deletion' : 'insertion';
  const concerns = (stamp: Stamp | null) => stamp !== null && (ids === null || ids.has(stamp.id));
  const removals: (() => void)[] = [];
  state.doc.descendants((node, pos) => {
    const end = pos + node.nodeSize;
    if (concerns(stampOf(node, goes))) removals.push(() => remove(tr, node, pos));
    if (concerns(stampOf(node, stays))) {
      const type = state.schema.marks[stays];
      if (!node.isText) tr.setNodeAttribute(pos, stays, null);
      else if (type) tr.removeMark(pos, end, type);
    }
    return true;
  });
  // From the end, so that positions before stay what they were.
  for (const one of removals.reverse()) one();
  return tr.docChanged ? tr : null;
}

function remove(tr: Transaction, node: Node, pos: number): void {
  if (node.isText) return void tr.delete(pos, pos + node.nodeSize);
  const now = tr.doc.nodeAt(pos);
  if (!now || now.type !== node.type) return;
  if (isWhole(node)) return void tr.deleteRange(pos, pos + now.nodeSize);
  const border = borderBefore(tr.doc, pos);
  if (border !== null) return void tr.delete(border, pos + 1);
  // Nothing to join with: an empty block goes, one with text keeps its border.
  const $pos = tr.doc.resolve(pos);
  if (now.content.size === 0 && $pos.parent.childCount > 1) tr.delete(pos, pos + now.nodeSize);
  else for (const kind of KINDS) if (now.attrs[kind] === node.attrs[kind] && now.attrs[kind]) tr.setNodeAttribute(pos, kind, null);
}
