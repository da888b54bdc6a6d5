import { expect, test } from 'vitest';
import { flattenTree } from './tree';

const group = (id: string, name: string, parent_id: string | null = null) => ({ id, name, parent_id, member_count: 0 });

test('groups stand below their parents, and one whose parent is unknown at the top', () => {
  const nodes = flattenTree([group('3', 'c', '1'), group('1', 'a'), group('4', 'd', 'gone'), group('2', 'b', '3')]);
  expect(nodes.map(({ group: { name }, depth }) => `${depth}${name}`)).toEqual(['0a', '1c', '2b', '0d']);
});
