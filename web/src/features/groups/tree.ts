import type { GroupView } from '../../api/types';

export interface GroupNode {
  group: GroupView;
  depth: number;
}

/** Orders groups as a tree, parents before children, names within. A group whose parent is unknown stands at the top. */
export function flattenTree(groups: GroupView[]): GroupNode[] {
  const known = new Set(groups.map((group) => group.id));
  const below = new Map<string | null, GroupView[]>();
  for (const group of groups) {
    const parent = group.parent_id && known.has(group.parent_id) ? group.parent_id : null;
    below.set(parent, [...(below.get(parent) ?? []), group]);
  }
  const nodes: GroupNode[] = [];
  const add = (parent: string | null, depth: number) => {
    const children = (below.get(parent) ?? []).toSorted((a, b) => a.name.localeCompare(b.name, 'zh-CN'));
    for (const group of children) {
      nodes.push({ group, depth });
      add(group.id, depth + 1);
    }
  };
  add(null, 0);
  return nodes;
}
