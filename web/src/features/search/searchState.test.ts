import { describe, expect, test } from 'vitest';
import { dayOf, fromSaved, fullQuery, isEmpty, NOTHING, readState, startOf, toggleFilter, toRequest, toSaved, writeState, type SearchState } from './searchState';

const FULL: SearchState = {
  q: '国发 -草案',
  within: ['2023', '"办 公"'],
  folder: 'f1',
  filters: [
    { key: 'type', values: ['pdf', 'word'] },
    { key: 'property:019a', values: ['10:30 永久'] },
  ],
  after: '2023-05',
  before: '2024',
  sort: 'newest',
  order: 'asc',
};

describe('the address', () => {
  test('keeps everything', () => expect(readState(writeState(FULL))).toEqual(FULL));

  test('says nothing of what is as always', () => expect(writeState(NOTHING).toString()).toBe(''));

  test('of before, and nonsense in it, are understood', () => {
    const state = readState(new URLSearchParams('q= 甲 &type=pdf&filter=colour&filter=type:pdf&after=gestern&order=up&within= '));
    expect(state).toEqual({ ...NOTHING, q: '甲', filters: [{ key: 'type', values: ['pdf'] }] });
  });
});

test('what is asked of the results narrows the query', () => {
  expect(fullQuery(FULL)).toBe('国发 -草案 2023 "办 公"');
  expect(toRequest(FULL)).toEqual({
    q: '国发 -草案 2023 "办 公"',
    in: 'f1',
    filter: ['type:pdf', 'type:word', 'property:019a:10:30 永久'],
    // Midnight in China.
    after: Date.parse('2023-05-01T00:00:00+08:00'),
    before: Date.parse('2024-01-01T00:00:00+08:00'),
    sort: 'newest',
    order: 'asc',
  });
});

test('days begin in China, wherever the browser is', () => {
  expect(startOf('2024-02-29')).toBe(Date.parse('2024-02-29T00:00:00+08:00'));
  expect(dayOf(startOf('2024-02-29'))).toBe('2024-02-29');
  expect(dayOf(startOf('2024-03') - 1)).toBe('2024-02-29');
});

test('a value is chosen and taken away, and the last one takes its facet along', () => {
  const chosen = toggleFilter(toggleFilter(NOTHING, 'tag', '归档'), 'tag', '急件');
  expect(chosen.filters).toEqual([{ key: 'tag', values: ['归档', '急件'] }]);
  expect(toggleFilter(chosen, 'tag', '归档').filters).toEqual([{ key: 'tag', values: ['急件'] }]);
  expect(toggleFilter(toggleFilter(chosen, 'tag', '归档'), 'tag', '急件').filters).toEqual([]);
  expect(NOTHING.filters).toEqual([]);
});

test('only words or something chosen make a search', () => {
  expect([isEmpty(NOTHING), isEmpty({ ...NOTHING, sort: 'newest' }), isEmpty({ ...NOTHING, folder: 'f' })]).toEqual([true, true, false]);
});

describe('a saved search', () => {
  test('asks the same when it is run again', () => {
    const again = fromSaved(toSaved(FULL));
    expect(toRequest(again)).toEqual(toRequest(FULL));
    expect(again.within).toEqual([]);
  });

  test('of another program is understood', () => {
    const state = fromSaved({ q: '甲', author: '李 "大" 明', type: 'pdf,word', view: { columns: ['name'] } });
    expect(state).toEqual({ ...NOTHING, q: '甲 author:"李 \\"大\\" 明"', filters: [{ key: 'type', values: ['pdf', 'word'] }] });
  });
});
