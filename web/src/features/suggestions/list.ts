// Which suggestions does a document hold? For the list beside the text.
import type { Node } from '@tiptap/pm/model';
import { KINDS, stampOf, type Stamp } from './stamp';

/** One suggestion with everything that carries its id. */
export interface Suggestion extends Stamp {
  from: number;
  to: number;
  /** Text that it inserts or deletes; borders of paragraphs read as ¶. */
  inserted: string;
  deleted: string;
}

/** The suggestions in the order of the text. */
export function listSuggestions(doc: Node): Suggestion[] {
  const found = new Map<string, Suggestion>();
  doc.descendants((node, pos) => {
    for (const kind of KINDS) {
      const stamp = stampOf(node, kind);
      if (!stamp) continue;
      const one = found.get(stamp.id) ?? { ...stamp, from: pos, to: pos, inserted: '', deleted: '' };
      one.to = Math.max(one.to, node.isTextblock ? pos + 1 : pos + node.nodeSize);
      const text = node.text ?? (node.isTextblock ? '¶' : placeholder(node));
      if (kind === 'insertion') one.inserted += text;
      else one.deleted += text;
      found.set(stamp.id, one);
    }
    return true;
  });
  return [...found.values()].sort((a, b) => a.from - b.from);
}

function placeholder(node: Node): string {
  const label: unknown = node.attrs.label ?? node.attrs.alt;
  return node.type.name === 'hardBreak' ? '↵' : `[${typeof label === 'string' && label ? label : node.type.name}]`;
}
