import { expect, test } from 'vitest';
import { daysLeft } from './daysLeft';

const DAY = 24 * 60 * 60 * 1000;

test('a part of a day counts as one', () => {
  expect([daysLeft(10 * DAY, 0), daysLeft(DAY + 1, 0), daysLeft(1, 0), daysLeft(0, 0), daysLeft(0, DAY)]).toEqual([10, 2, 1, 0, 0]);
});
