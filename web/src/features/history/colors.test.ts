import { expect, test } from 'vitest';
import { presenceColor } from '../editor/extensions';
import { colorsOf } from './colors';

test('people who write in one page have different colours, the first their own', () => {
  const ids = Array.from({ length: 12 }, (_, number) => `user-${number}`);
  const color = colorsOf(ids);
  expect(color(ids[0]!)).toBe(presenceColor(ids[0]!));
  expect(new Set(ids.map(color)).size).toBe(12);
  expect(color('stranger')).toBe(presenceColor('stranger'));
});
