import { getSchema } from '@tiptap/core';
import { Node } from '@tiptap/pm/model';
import { describe, expect, it } from 'vitest';
import { schemaExtensions } from '../extensions';
import { findMatches, pattern, replacement } from './matches';

const schema = getSchema(schemaExtensions());
const text = (words: string, marks: string[] = []) => ({ type: 'text', text: words, marks: marks.map((type) => ({ type })) });
const paragraph = (...content: object[]) => ({ type: 'paragraph', content });
const page = (...content: object[]) => Node.fromJSON(schema, { type: 'doc', content });
const PLAIN = { matchCase: false, regex: false };

/** What stands at the places that were found. */
function found(doc: Node, query: string, options: Partial<typeof PLAIN> = {}): string[] {
  const wanted = pattern(query, { ...PLAIN, ...options });
  return wanted ? findMatches(doc, wanted).map(({ from, to }) => doc.textBetween(from, to)) : [];
}

describe('looking for words', () => {
  it('finds Chinese, also where the marks change within the words', () => {
    const doc = page(paragraph(text('关于加强'), text('档案', ['bold']), text('管理的通知')), paragraph(text('档案管理')));
    expect(found(doc, '档案管理')).toEqual(['档案管理', '档案管理']);
  });

  it('takes letters of either case unless told otherwise', () => {
    const doc = page(paragraph(text('Word WORD word')));
    expect(found(doc, 'word')).toHaveLength(3);
    expect(found(doc, 'word', { matchCase: true })).toEqual(['word']);
  });

  it('takes signs as they are unless they are an expression', () => {
    const doc = page(paragraph(text('1.5 和 125（含）')));
    expect(found(doc, '1.5')).toEqual(['1.5']);
    expect(found(doc, '1.5', { regex: true })).toEqual(['1.5', '125']);
    expect(found(doc, '（含）')).toEqual(['（含）']);
  });

  it('knows the right places behind a mention and a line break', () => {
    const doc = page(paragraph(text('请'), { type: 'mention', attrs: { id: '1', label: '李娜' } }, text('审阅'), { type: 'hardBreak' }, text('审阅')));
    expect(found(doc, '审阅')).toEqual(['审阅', '审阅']);
  });

  it('looks into lists and tables', () => {
    const cell = (words: string) => ({ type: 'tableCell', content: [paragraph(text(words))] });
    const doc = page(
      { type: 'bulletList', content: [{ type: 'listItem', content: [paragraph(text('预算'))] }] },
      { type: 'table', content: [{ type: 'tableRow', content: [cell('预算'), cell('决算')] }] },
    );
    expect(found(doc, '预算')).toEqual(['预算', '预算']);
  });

  it('does not go on for ever about an empty match, and refuses half an expression', () => {
    const doc = page(paragraph(text('aab')));
    expect(found(doc, 'a*', { regex: true })).toEqual(['aa']);
    expect(pattern('(', { ...PLAIN, regex: true })).toBeNull();
    expect(pattern('', PLAIN)).toBeNull();
  });

  it('puts groups into the replacement of an expression only', () => {
    const doc = page(paragraph(text('2026年11月')));
    const [match] = findMatches(doc, pattern('(\\d+)年(\\d+)月', { ...PLAIN, regex: true })!);
    expect(replacement(match!, '$2/$1 ($$ $&)', true)).toBe('11/2026 ($ 2026年11月)');
    expect(replacement(match!, '$1', false)).toBe('$1');
  });
});
