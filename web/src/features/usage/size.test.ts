import { expect, test } from 'vitest';
import { joinSize, splitSize } from './size';

test('a size is shown in the unit in which it was typed', () => {
  for (const [value, unit] of [
    [500, 'MB'],
    [1.5, 'GB'],
    [20, 'GB'],
    [2, 'TB'],
  ] as const) {
    expect(splitSize(joinSize(value, unit))).toEqual({ value, unit });
  }
  expect(splitSize(0)).toEqual({ value: 0, unit: 'MB' });
});
