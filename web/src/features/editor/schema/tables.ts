// Tables: columns that can be drawn wider, cells that may be coloured.
import { Table, TableCell, TableHeader } from '@tiptap/extension-table';
import { columnResizing, tableEditing } from '@tiptap/pm/tables';
import type { NodeView } from '@tiptap/pm/view';

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

/**
 * The table of Tiptap decides when the editor is made whether columns can be drawn. Here one may often write only a moment
 * later, when the text has arrived, so it is decided at every movement of the mouse.
 */
export const ResizableTable = Table.extend({
  addNodeView() {
    return null; // the plugin has one
  },

  addProseMirrorPlugins() {
    const { handleWidth, cellMinWidth, View, lastColumnResizable, allowTableNodeSelection } = this.options;
    return [
      columnResizing({
        handleWidth,
        cellMinWidth,
        defaultCellMinWidth: cellMinWidth,
        View: View as (new (...args: never[]) => NodeView) | null as never,
        lastColumnResizable,
      }),
      tableEditing({ allowTableNodeSelection }),
    ];
  },
}).configure({ resizable: true, cellMinWidth: 40 });
