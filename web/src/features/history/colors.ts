// Which colour has whom? The one that a person has everywhere, unless somebody who wrote here earlier has it.
import { presenceColor } from '../editor/extensions';

const SPARE = ['#1f7488', '#b3402a', '#5b4bb3', '#2f7d32', '#a8477f', '#8a6100', '#2b62b8', '#6b5b4a', '#00796b', '#c2185b', '#5d6d00', '#7b1fa2', '#d84315', '#455a64'];

/** Colours of people in the order in which they appeared; all different as long as there are enough. */
export function colorsOf(ids: Iterable<string>): (id: string) => string {
  const colors = new Map<string, string>();
  const taken = new Set<string>();
  for (const id of ids) {
    if (colors.has(id)) continue;
    const own = presenceColor(id);
    const color = taken.has(own) ? (SPARE.find((spare) => !taken.has(spare)) ?? own) : own;
    colors.set(id, color);
    taken.add(color);
  }
  return (id) => colors.get(id) ?? presenceColor(id);
}
