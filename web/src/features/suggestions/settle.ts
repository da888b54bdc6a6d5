// What becomes of suggestions? Accepting or rejecting makes one ordinary transaction.
import type { Node } from '@tiptap/pm/model';
import type { Transaction } from '@tiptap/pm/state';
import { borderBefore } from './border';
import { isWhole, KINDS, stampOf, type Kind, type Stamp } from './stamp';

export type Verdict = 'accept' | 'reject';

/** Accepts or rejects the suggestions with the given ids, or all of them. False when there is none. */
export function settle(tr: Transaction, verdict: Verdict, ids: ReadonlySet<string> | null): boolean {
  const { doc } = tr;
  const stays: Kind = verdict === 'accept' ? 'insertion' : 'deletion';
  const goes: Kind = verdict === 'accept' ? 'deletion' : 'insertion';
  const concerns = (stamp: Stamp | null) => stamp !== null && (ids === null || ids.has(stamp.id));
  const changes: (() => void)[] = [];
  const removals: (() => void)[] = [];
  doc.descendants((node, pos) => {
    const end = pos + node.nodeSize;
    if (concerns(stampOf(node, goes))) removals.push(() => remove(tr, node, pos));
    if (concerns(stampOf(node, stays))) {
      const type = doc.type.schema.marks[stays];
      if (!node.isText) changes.push(() => tr.setNodeAttribute(pos, stays, null));
      else if (type) changes.push(() => tr.removeMark(pos, end, type));
    }
    return true;
  });
  // Removals last and from the end, so that positions stay what they were.
  for (const change of [...changes, ...removals.reverse()]) change();
  return changes.length + removals.length > 0;
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
