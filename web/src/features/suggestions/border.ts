// Which text does a text block continue when its border falls?
import type { Node } from '@tiptap/pm/model';
import { Selection } from '@tiptap/pm/state';

/**
 * The end of the text before the block at `pos`, when the two can be joined: nothing that is not text lies between them, and
 * neither is in a table cell that the other is not in.
 */
export function borderBefore(doc: Node, pos: number): number | null {
  const before = Selection.findFrom(doc.resolve(pos), -1, true);
  if (!before) return null;
  const { $head } = before;
  let isBlocked = false;
  doc.nodesBetween($head.pos, pos, (node) => {
    if (!node.isText && node.isAtom) isBlocked = true;
    return !isBlocked;
  });
  const $start = doc.resolve(pos + 1);
  const shared = $head.sharedDepth(pos + 1);
  for (const $end of [$head, $start]) {
    for (let depth = $end.depth; depth > shared; depth--) {
      if ($end.node(depth).type.spec.isolating || $end.node(depth).type.name === 'table') isBlocked = true;
    }
  }
  return isBlocked ? null : $head.pos;
}
