import { expect, test } from 'vitest';
import { markedParts, queryTerms } from './marks';

const word = (start: number, end: number) => ({ start, end, x: 0, y: 0, w: 1, h: 1 });
const page = (text: string, words: [number, number][]) => ({
  number: 1,
  width: 100,
  height: 100,
  text,
  words: words.map(([start, end]) => word(start, end)),
});

test('filters and excluded words are not marked', () => {
  expect(queryTerms('type:pdf 协同办公 -草稿 "Annual Report" OR x')).toEqual(['协同办公', 'annualreport', 'x']);
});

test('a term is found over a line break and in full width', () => {
  const text = '协同\n办公 ＡＢＣ';
  expect([...markedParts(page(text, [[0, 2], [3, 5], [6, 9]]), ['协同办公']).keys()]).toEqual([0, 1]);
  expect([...markedParts(page(text, [[0, 2], [3, 5], [6, 9]]), ['abc']).keys()]).toEqual([2]);
});

test('offsets count code points', () => {
  expect([...markedParts(page('𠮷野家 好', [[0, 3], [4, 5]]), ['好']).keys()]).toEqual([1]);
});

test('only the found part of a longer run is marked', () => {
  const parts = markedParts(page('公司年度报告和公司', [[0, 9]]), ['公司', '报告']);
  expect(parts.get(0)).toEqual([[0, 2 / 9], [7 / 9, 1], [4 / 9, 6 / 9]]);
});
