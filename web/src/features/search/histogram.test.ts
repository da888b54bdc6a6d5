import { describe, expect, test } from 'vitest';
import { histogram, lastIncluded, rangeOf } from './histogram';

const counts = (entries: Record<string, number>) => Object.entries(entries).map(([value, count]) => ({ value, count }));

describe('bars', () => {
  test('of months have no holes and may cross the year', () => {
    const made = histogram(counts({ '2024-02': 3, '2023-11': 5 }), counts({ '2024': 3, '2023': 5 }), true);
    expect(made).toEqual({
      unit: 'month',
      most: 5,
      bars: [
        { key: '2023-11', count: 5, next: '2023-12' },
        { key: '2023-12', count: 0, next: '2024-01' },
        { key: '2024-01', count: 0, next: '2024-02' },
        { key: '2024-02', count: 3, next: '2024-03' },
      ],
    });
  });

  test('are years when there are many months, or not all are known', () => {
    const years = counts({ '2019': 1, '2023': 2 });
    expect(histogram(counts({ '2019-01': 1, '2023-01': 2 }), years, true)?.bars.map((bar) => bar.key)).toEqual(['2019', '2020', '2021', '2022', '2023']);
    expect(histogram(counts({ '2022-01': 1, '2022-03': 2 }), years, false)?.unit).toBe('year');
  });

  test('are few, whatever a wrong clock says', () => {
    const made = histogram(counts({ '1601-01': 1, '2024-01': 2 }), counts({ '1601': 1, '2024': 2 }), true);
    expect(made?.bars.map((bar) => bar.key)).toEqual(['1601', '2024']);
  });

  test('are not shown when there is nothing to choose', () => {
    expect(histogram(counts({ '2024-01': 7 }), counts({ '2024': 7 }), true)).toBeNull();
    expect(histogram([], [], true)).toBeNull();
  });
});

test('dragging to either side chooses the same days', () => {
  const { bars } = histogram(counts({ '2023-11': 1, '2024-02': 1 }), [], true)!;
  const range = { after: '2023-12', before: '2024-02' };
  expect([rangeOf(bars, 1, 2), rangeOf(bars, 2, 1)]).toEqual([range, range]);
  expect(rangeOf(bars, 3, 3)).toEqual({ after: '2024-02', before: '2024-03' });
});

test('the end of a time is told by what is still in it', () => {
  expect(['2024', '2024-01', '2024-03-01'].map(lastIncluded)).toEqual(['2023', '2023-12', '2024-02-29']);
});
