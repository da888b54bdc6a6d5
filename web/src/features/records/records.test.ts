import { afterEach, describe, expect, test } from 'vitest';
import { apiUrl } from '../../api/client';
import { exportAddress } from './api';
import { columnWidth, defaultColumns, knownColumns, moveColumn, parseColumns, rememberColumns, rememberedColumns, resizeColumn, toggleColumn } from './columns';
import { EMPTY_QUERY, nextSorting, readQuery, sameQuery, toggleValue, toRequest, withFilter, writeQuery, type RecordQuery } from './query';
import { countSelected, EVERYTHING, isSelected, NOTHING, select, toggle } from './selection';
import type { Property } from './types';
import { cleanText, parseDate, parseNumber } from './values';

function property(id: string, change: Partial<Property> = {}): Property {
  return { id, library_id: 'l1', name: id, kind: 'text', options: [], required: false, unique: false, facet: false, position: 0, ...change };
}

describe('the address of a records view', () => {
  const full: RecordQuery = {
    q: '"国发〔2023〕12号" -废止',
    filters: [
      { key: 'property:p1', values: ['永久', '30年'] },
      { key: 'tag', values: ['a:b&c=d', '合同'] },
    ],
    sort: { key: 'property:p2', descending: true },
  };

  test('says everything that the view shows', () => {
    expect(readQuery(new URLSearchParams(writeQuery(full).toString()))).toEqual(full);
    expect(readQuery(new URLSearchParams())).toEqual(EMPTY_QUERY);
  });

  test('with nonsense shows what can be understood', () => {
    expect(readQuery(new URLSearchParams('filter=&filter=tag&filter=:x&filter=tag:&filter=level:1&filter=level:1&sort=-'))).toEqual({
      ...EMPTY_QUERY,
      filters: [{ key: 'level', values: ['1'] }],
    });
  });

  test('asks the server below a folder, in an order that it knows', () => {
    expect(toRequest('f1', full)).toEqual({
      in: 'f1',
      q: full.q,
      filter: ['property:p1:永久', 'property:p1:30年', 'tag:a:b&c=d', 'tag:合同'],
      sort: 'property:p2',
      order: 'desc',
    });
    expect(toRequest('f1', EMPTY_QUERY)).toMatchObject({ q: null, sort: 'newest' });
    expect(toRequest('f1', { ...EMPTY_QUERY, q: ' 档案 ' })).toMatchObject({ q: '档案', sort: null });
    expect(toRequest('f1', { ...EMPTY_QUERY, sort: { key: 'updated', descending: false } })).toMatchObject({ sort: 'oldest', order: null });
    expect(apiUrl('/search', { ...toRequest('f1', full), limit: 100 }).match(/\?/g)).toHaveLength(1);
  });

  test('forgets a filter with its last value', () => {
    const one = toggleValue(EMPTY_QUERY, 'tag', '合同');
    expect(one.filters).toEqual([{ key: 'tag', values: ['合同'] }]);
    expect(toggleValue(one, 'tag', '合同').filters).toEqual([]);
    expect(withFilter(one, 'level', ['1']).filters).toHaveLength(2);
  });

  test('is the same in another order of filters', () => {
    expect(sameQuery(full, { ...full, filters: [...full.filters].reverse() })).toBe(true);
    expect(sameQuery(full, { ...full, sort: null })).toBe(false);
  });

  test('sorts up, down and not at all', () => {
    const up = nextSorting(null, 'name');
    expect(up).toEqual({ key: 'name', descending: false });
    const down = nextSorting(up, 'name');
    expect(down).toEqual({ key: 'name', descending: true });
    expect(nextSorting(down, 'name')).toBeNull();
    expect(nextSorting(down, 'size')).toEqual({ key: 'size', descending: false });
  });
});

test('a table is exported with the columns of the view, under the names of the server', () => {
  const address = new URL(exportAddress('f1', { ...EMPTY_QUERY, q: '档案' }, ['name', 'property:p1', 'updated', 'folder'], 'csv'), 'http://x');
  expect(address.pathname).toBe('/api/v1/records/export');
  expect(Object.fromEntries(address.searchParams)).toEqual({ in: 'f1', q: '档案', format: 'csv', columns: 'name,property:p1,updated_at,path' });
});

describe('columns', () => {
  afterEach(() => localStorage.clear());
  const fields = [property('p1', { kind: 'number' }), property('p2')];

  test('are remembered per person and library, and without those that are gone', () => {
    const chosen = resizeColumn(toggleColumn(defaultColumns(fields), 'size'), 'property:p1', 200);
    rememberColumns('u1', 'l1', chosen);
    expect(rememberedColumns('u2', 'l1')).toBeNull();
    expect(rememberedColumns('u1', 'l2')).toBeNull();
    const back = knownColumns(rememberedColumns('u1', 'l1')!, [fields[0]!]);
    expect(back.map((one) => one.key)).toEqual(['name', 'property:p1', 'tags', 'updated', 'size']);
    expect(columnWidth(back[1]!, fields)).toBe(200);
    rememberColumns('u1', 'l1', null);
    expect(rememberedColumns('u1', 'l1')).toBeNull();
  });

  test('survive what somebody else wrote there', () => {
    localStorage.setItem('wenshu.records.columns.u1.l1', '{broken');
    expect(rememberedColumns('u1', 'l1')).toBeNull();
    expect(parseColumns({})).toBeNull();
    expect(parseColumns([1, null, { key: 3 }, 'tags', { key: 'size', width: 1e9 }])).toEqual([{ key: 'tags' }, { key: 'size', width: 900 }]);
    expect(knownColumns([{ key: 'tags' }, { key: 'tags' }, { key: 'property:gone' }], fields)).toEqual([{ key: 'name' }, { key: 'tags' }]);
  });

  test('at first are those that tell most, in the order of the fields', () => {
    const many = Array.from({ length: 9 }, (_, index) => property(`p${index}`, { required: index === 8, facet: index === 7 }));
    expect(defaultColumns(many).map((one) => one.key)).toEqual([
      'name',
      ...['p0', 'p1', 'p2', 'p3', 'p4', 'p7', 'p8'].map((id) => `property:${id}`),
      'tags',
      'updated',
    ]);
  });

  test('the name stays first', () => {
    const columns = defaultColumns(fields);
    expect(moveColumn(columns, 'property:p1', -1)).toBe(columns);
    expect(moveColumn(columns, 'name', 1)).toBe(columns);
    expect(moveColumn(columns, 'property:p2', -1).map((one) => one.key).slice(0, 3)).toEqual(['name', 'property:p2', 'property:p1']);
    expect(toggleColumn(columns, 'name')).toBe(columns);
  });
});

describe('a selection', () => {
  test('of everything leaves out what is taken away, and counts right', () => {
    const but = toggle(toggle(EVERYTHING, 'a'), 'b');
    expect(countSelected(but, 100_000)).toBe(99_998);
    expect([isSelected(but, 'a'), isSelected(but, 'c')]).toEqual([false, true]);
    expect(countSelected(select(but, ['a', 'b', 'c'], true), 100_000)).toBe(100_000);
  });

  test('of some has them alone', () => {
    const some = select(NOTHING, ['a', 'b'], true);
    expect(countSelected(some, 100_000)).toBe(2);
    expect(isSelected(some, 'a')).toBe(true);
    expect(countSelected(toggle(some, 'a'), 100_000)).toBe(1);
  });
});

describe('what people type', () => {
  test.each([
    ['2023-05-12', '2023-05-12'],
    ['2023年5月12日', '2023-05-12'],
    ['2023 年 5 月 12 日', '2023-05-12'],
    ['2023/5/12', '2023-05-12'],
    ['２０２３．０５．１２', '2023-05-12'],
    ['20230512', '2023-05-12'],
    ['1912-02-29', '1912-02-29'],
    ['1913-02-29', null],
    ['2023-13-01', null],
    ['2023-5', null],
    ['12.5.2023', null],
    ['', null],
  ])('the day %s', (typed, day) => expect(parseDate(typed)).toBe(day));

  test.each([
    ['42', '42'],
    ['１２，５００．５０', '12500.50'],
    ['-3', '-3'],
    ['+3', '3'],
    ['.5', '0.5'],
    ['-.5', '-0.5'],
    ['1,5', null],
    ['1e5', null],
    ['十二', null],
    ['123456789012345678901234567890', '123456789012345678901234567890'],
  ])('the number %s', (typed, number) => expect(parseNumber(typed)).toBe(number));

  test('text becomes one line', () => expect(cleanText(' 国务院\n  办公厅 ')).toBe('国务院 办公厅'));
});
