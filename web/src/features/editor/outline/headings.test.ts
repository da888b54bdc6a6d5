import { getSchema } from '@tiptap/core';
import { Node } from '@tiptap/pm/model';
import { expect, it } from 'vitest';
import { schemaExtensions } from '../extensions';
import { headings } from './headings';

const schema = getSchema(schemaExtensions());
const heading = (level: number, text: string) => ({ type: 'heading', attrs: { level }, content: text ? [{ type: 'text', text }] : [] });

it('says what lies below what, and leaves out what is empty', () => {
  const doc = Node.fromJSON(schema, {
    type: 'doc',
    content: [
      { type: 'paragraph', attrs: { styleName: 'title' }, content: [{ type: 'text', text: '总结' }] },
      heading(1, '一'),
      heading(2, '（一）'),
      heading(3, ''),
      heading(3, '1'),
      heading(2, '（二）'),
      heading(1, '二'),
      { type: 'paragraph', content: [{ type: 'text', text: '正文' }] },
    ],
  });
  expect(headings(doc).map(({ level, text, below }) => [level, text, below])).toEqual([
    [0, '总结', 5],
    [1, '一', 3],
    [2, '（一）', 1],
    [3, '1', 0],
    [2, '（二）', 0],
    [1, '二', 0],
  ]);
  expect(doc.nodeAt(headings(doc)[1]!.pos)!.textContent).toBe('一');
});
