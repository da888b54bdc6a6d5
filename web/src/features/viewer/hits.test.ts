import { describe, expect, test } from 'vitest';
import { firstHitFrom, groupsOf, pageOf, step, wantedOf } from './hits';

// Hits 1 and 2 on page 3; hit 2 goes on on page 4, where 3 begins; hit 3 ends on page 5; hit 4 on page 9.
const COUNTS = [
  { page: 3, first: 1, hits: 2 },
  { page: 4, first: 2, hits: 2 },
  { page: 5, first: 3, hits: 1 },
  { page: 9, first: 4, hits: 1 },
];

describe('the hit one begins with', () => {
  test.each([
    [1, 1],
    [3, 1],
    [4, 3], // 2 began on page 3
    [5, 3], // nothing but the end of 3 is there
    [6, 4],
    [10, 1], // behind the last: from the beginning
  ])('from page %i it is hit %i', (page, hit) => expect(firstHitFrom(COUNTS, page)).toBe(hit));

  test('without hits there is none', () => expect(firstHitFrom([], 1)).toBeNull());
});

test('a hit is shown where it begins', () => {
  expect([1, 2, 3, 4, 5].map((hit) => pageOf(COUNTS, hit)?.page)).toEqual([3, 3, 4, 9, undefined]);
});

test('steps go round', () => {
  expect([step(3, 3, 1), step(3, 1, -1), step(3, null, 1), step(3, null, -1), step(0, null, 1)]).toEqual([1, 3, 1, 3, null]);
});

test('groups hold neighbours, and few pages when those have very many hits', () => {
  const many = Array.from({ length: 20 }, (_, index) => ({ page: index + 1, first: 1, hits: 10 }));
  expect(groupsOf(many).map((group) => group.length)).toEqual([8, 8, 4]);
  const full = Array.from({ length: 3 }, (_, index) => ({ page: index + 1, first: 1, hits: 900 }));
  expect(groupsOf(full)).toEqual([[1], [2], [3]]);
});

test('text typed here counts before the query of the search', () => {
  expect(wantedOf(new URLSearchParams('q=甲 乙'))).toEqual({ q: '甲 乙' });
  expect(wantedOf(new URLSearchParams('q=甲&find=乙 '))).toEqual({ text: '乙' });
  expect(wantedOf(new URLSearchParams('q= &page=3'))).toBeNull();
});
