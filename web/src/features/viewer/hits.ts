// Which hit is on which page, and which pages are asked for together? Pure, so that the viewer only has to follow.
import type { PageCountView } from '../../api/types';

/** What is looked for: a query of the search page, or text as it is typed here. */
export interface Wanted {
  q?: string;
  text?: string;
}

/** What the address says; `null` for nothing. */
export function wantedOf(params: URLSearchParams): Wanted | null {
  const [text, q] = [params.get('find')?.trim(), params.get('q')?.trim()];
  if (text) return { text };
  return q ? { q } : null;
}

/** The page on which a hit begins; `undefined` for a number that no hit has. */
export function pageOf(counts: PageCountView[], hit: number): PageCountView | undefined {
  return counts.find((count) => count.first <= hit && hit < count.first + count.hits);
}

/** The first hit that begins on `page` or after it, else the first of all. */
export function firstHitFrom(counts: PageCountView[], page: number): number | null {
  let reached = 0;
  for (const { page: number, first, hits } of counts) {
    // One that came over from the page before began there.
    const own = Math.max(first, reached + 1);
    const last = first + hits - 1;
    if (number >= page && own <= last) return own;
    // Only the end of a hit stands on the page that was asked for: that hit is what was meant.
    if (number === page) return last;
    reached = last;
  }
  return counts[0]?.first ?? null;
}

/** The next hit, from the last to the first again. */
export function step(total: number, current: number | null, by: 1 | -1): number | null {
  if (total === 0) return null;
  if (current === null) return by === 1 ? 1 : total;
  return ((current - 1 + by + total) % total) + 1;
}

/** Pages whose marks are asked for in one request. */
const GROUP_PAGES = 8;
/** A request for more marks than these takes too long to be scrolled by. */
const GROUP_HITS = 1_000;

/** Divides the pages with hits into groups of neighbours. */
export function groupsOf(counts: PageCountView[]): number[][] {
  const groups: number[][] = [];
  let hits = 0;
  for (const count of counts) {
    const last = groups.at(-1);
    if (last && last.length < GROUP_PAGES && hits + count.hits <= GROUP_HITS) {
      last.push(count.page);
      hits += count.hits;
    } else {
      groups.push([count.page]);
      hits = count.hits;
    }
  }
  return groups;
}
