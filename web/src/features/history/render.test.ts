import { getSchema } from '@tiptap/core';
import { expect, test } from 'vitest';
import { schemaExtensions } from '../editor/extensions';
import { readDeed, renderBlocks } from './render';
import type { Status, TextRun, TreeNode } from './tree';

const schema = getSchema(schemaExtensions());
const palette = { color: (who: number) => `rgb(${who}, 0, 0)`, unknown: (type: string) => `?${type}`, was: () => 'was' };
const written = { who: 1, at: 5 };

function run(text: string, status: Status = 'same', attributes: Record<string, unknown> = {}): TextRun {
  return { text, status, attributes, written, key: 't', removed: status === 'deleted' ? { who: 2, at: 9 } : undefined };
}

function node(type: string, content: (TreeNode | TextRun)[], status: Status = 'same', attrs: Record<string, unknown> = {}): TreeNode {
  return { type, attrs, status, written, key: `${type}:1`, content, touched: true };
}

function draw(...nodes: TreeNode[]): HTMLElement {
  const place = document.createElement('div');
  place.append(...renderBlocks(nodes, schema, palette));
  return place;
}

test('text says how it came to be, to the eye and to assistive technology', () => {
  const place = draw(node('paragraph', [run('一直在'), run('新写的', 'inserted', { bold: {} }), run('删掉的', 'deleted')]));
  expect(place.querySelector('ins')?.textContent).toBe('新写的');
  expect(place.querySelector('ins strong')).not.toBeNull();
  const gone = place.querySelector<HTMLElement>('del')!;
  expect(gone.style.getPropertyValue('--who')).toBe('rgb(2, 0, 0)');
  expect([readDeed(gone.dataset.written), readDeed(gone.dataset.removed)]).toEqual([{ who: 1, at: 5 }, { who: 2, at: 9 }]);
  expect(place.textContent).toBe('一直在新写的删掉的');
});

test('a table with rows and cells of two times is drawn, though no valid document has it', () => {
  const cell = (text: string, status: Status = 'same') => node('tableCell', [node('paragraph', [run(text, status)], status)], status);
  const place = draw(
    node('table', [
      node('tableRow', [cell('a1'), cell('b1'), cell('c1', 'inserted')]),
      node('tableRow', [cell('a2', 'deleted'), cell('b2', 'deleted')], 'deleted'),
      node('paragraph', [run('stray')]),
    ]),
  );
  expect(place.querySelectorAll('table tr')).toHaveLength(2);
  expect([...place.querySelectorAll('td')].map((td) => td.dataset.status)).toEqual(['same', 'same', 'inserted', 'deleted', 'deleted']);
  expect(place.textContent).toContain('stray');
});

test('an item that was moved out of its list stands in both places', () => {
  const item = (text: string, status: Status) => node('listItem', [node('paragraph', [run(text, status)], status)], status);
  const place = draw(node('bulletList', [item('one', 'same'), item('two', 'deleted')]), node('orderedList', [item('two', 'inserted')], 'inserted'));
  expect(place.querySelector('ul li[data-status="deleted"]')?.textContent).toBe('two');
  expect(place.querySelector('ol li[data-status="inserted"]')?.textContent).toBe('two');
});

test('what this client does not know is shown with its words, and nothing runs', () => {
  const place = draw(
    node('hologram', [node('paragraph', [run('inside')])], 'same', { onload: 'x' }),
    node('paragraph', [run('link', 'same', { link: { href: 'javascript:alert(1)' }, glitter: { x: 1 } })]),
    node('heading', [run('odd')], 'same', { level: 'x"><script>' }),
  );
  expect(place.querySelector('[data-unknown]')?.textContent).toBe('?holograminside');
  expect(place.querySelector('a')?.getAttribute('href') ?? '').not.toContain('javascript');
  expect(place.querySelector('script')).toBeNull();
  expect(place.textContent).toContain('odd');
});
