// How is a page divided? Its headings in order, with what lies below each.
import type { Node } from '@tiptap/pm/model';

export interface Heading {
  /** Position of the node. */
  pos: number;
  level: number;
  text: string;
  /** How many of the following headings lie below this one. */
  below: number;
}

/** Styles of paragraphs that stand above all headings. */
const TITLES = ['title', 'official-title'];

export function headings(doc: Node): Heading[] {
  const found: Heading[] = [];
  doc.descendants((node, pos) => {
    const title = node.type.name === 'paragraph' && TITLES.includes(node.attrs.styleName as string);
    if (node.type.name === 'heading' || title) {
      const text = node.textContent.trim();
      if (text !== '') found.push({ pos, level: title ? 0 : Number(node.attrs.level), text, below: 0 });
    }
    return !node.isTextblock;
  });
  for (const [index, heading] of found.entries()) {
    const end = found.findIndex((other, at) => at > index && other.level <= heading.level);
    heading.below = (end === -1 ? found.length : end) - index - 1;
  }
  return found;
}
