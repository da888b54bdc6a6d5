import { expect, test } from 'vitest';
import { optionsChange, repeatedOption, splitPasted, toRows } from './options';

test('a renamed option takes its documents along, a removed one leaves them to what was chosen', () => {
  const [first, second] = toRows(['永久', '长期', '短期']);
  const rows = [first!, { ...second!, text: ' 30年 ' }];
  expect(optionsChange(rows, [{ was: '短期', to: '30年' }])).toEqual({ options: ['永久', '30年'], replace: { 长期: '30年', 短期: '30年' } });
  expect(optionsChange(rows, [{ was: '短期', to: null }]).replace).toEqual({ 长期: '30年', 短期: null });
});

test('what is still there under its old name is not replaced', () => {
  const [first, second] = toRows(['甲', '乙']);
  // Two options changed their names with each other: each is still one.
  expect(optionsChange([{ ...first!, text: '乙' }, { ...second!, text: '甲' }], []).replace).toEqual({});
  // Removed, and made again.
  expect(optionsChange([second!, { key: 9, was: null, text: '甲' }], [{ was: '甲', to: null }]).replace).toEqual({});
});

test('a place that is gone itself is no place', () => {
  const rows = toRows(['永久']);
  expect(optionsChange(rows, [{ was: '长期', to: '短期' }]).replace).toEqual({ 长期: null });
});

test('empty rows are no options, repeated ones are noticed however they are typed', () => {
  const rows = [...toRows(['30年', 'A']), { key: 7, was: null, text: ' ' }, { key: 8, was: null, text: '３０年' }];
  expect(optionsChange(rows, []).options).toEqual(['30年', 'A', '３０年']);
  expect(repeatedOption(rows)).toBe('３０年');
  expect(repeatedOption(toRows(['a', 'b']))).toBeNull();
});

test('a pasted column becomes options', () => expect(splitPasted('永久\n30年\r\n\n10年；其他')).toEqual(['永久', '30年', '10年', '其他']));
