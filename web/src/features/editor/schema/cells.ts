// Table cells that may be coloured.
import { TableCell, TableHeader } from '@tiptap/extension-table';

const backgroundColor = {
  default: null as string | null,
  parseHTML: (element: HTMLElement) => element.style.backgroundColor || element.getAttribute('bgcolor') || null,
  renderHTML: ({ backgroundColor }: { backgroundColor?: string | null }) =>
    backgroundColor ? { style: `background-color: ${backgroundColor}` } : {},
};

export const ColouredCell = TableCell.extend({
  addAttributes() {
    return { ...this.parent?.(), backgroundColor };
  },
});

export const ColouredHeader = TableHeader.extend({
  addAttributes() {
    return { ...this.parent?.(), backgroundColor };
  },
});
