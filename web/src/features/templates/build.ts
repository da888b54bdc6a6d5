// Short words for what templates are made of.
import type { JSONContent } from '@tiptap/core';
import type { ParagraphStyleName } from '../editor/schema/paragraphStyles';

function inline(text: string): JSONContent[] {
  // **So** is bold.
  return text
    .split(/(\*\*.+?\*\*)/)
    .filter((part) => part !== '')
    .map((part) => (part.startsWith('**') ? { type: 'text', text: part.slice(2, -2), marks: [{ type: 'bold' }] } : { type: 'text', text: part }));
}

export function p(text = '', styleName: ParagraphStyleName | null = null, attrs: Record<string, unknown> = {}): JSONContent {
  return { type: 'paragraph', attrs: { styleName, ...attrs }, ...(text ? { content: inline(text) } : {}) };
}

export function h(level: number, text: string): JSONContent {
  return { type: 'heading', attrs: { level }, content: inline(text) };
}

export function bullets(...items: string[]): JSONContent {
  return { type: 'bulletList', content: items.map((text) => ({ type: 'listItem', content: [p(text)] })) };
}

export function numbers(type: string | null, ...items: string[]): JSONContent {
  return { type: 'orderedList', attrs: { start: 1, type }, content: items.map((text) => ({ type: 'listItem', content: [p(text)] })) };
}

export function tasks(...items: string[]): JSONContent {
  return { type: 'taskList', content: items.map((text) => ({ type: 'taskItem', attrs: { checked: false }, content: [p(text)] })) };
}

interface TableShape {
  /** The first row is a header. */
  header?: boolean;
  /** The first cell of each row is a header. */
  side?: boolean;
  /** Widths of the columns in pixels. */
  widths?: number[];
}

export function table(rows: string[][], { header = true, side = false, widths }: TableShape = {}): JSONContent {
  return {
    type: 'table',
    content: rows.map((row, y) => ({
      type: 'tableRow',
      content: row.map((text, x) => ({
        type: (header && y === 0) || (side && x === 0) ? 'tableHeader' : 'tableCell',
        attrs: { colwidth: widths?.[x] ? [widths[x]] : null },
        content: [p(text)],
      })),
    })),
  };
}
