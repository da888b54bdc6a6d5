// What is being searched? All of it stands in the address, so that going back, reloading and sending a link work.
import type { SavedQuery } from '../../api/types';

export interface Filter {
  /** `library`, `type`, `author`, `tag`, `level` or `property:<id>`. */
  key: string;
  values: string[];
}

export interface SearchState {
  q: string;
  /** What was asked of the results: each narrows them further. */
  within: string[];
  /** Only below this folder. */
  folder: string | null;
  filters: Filter[];
  /** Changed from this day on, before that one: `2023`, `2023-05` or `2023-05-01`, in China. */
  after: string | null;
  before: string | null;
  sort: string;
  order: 'asc' | 'desc' | null;
}

export const SORTS = ['relevance', 'newest', 'oldest', 'name', 'size'] as const;
export const FACETS = ['library', 'type', 'author', 'year', 'month', 'tag', 'level'] as const;

export const NOTHING: SearchState = { q: '', within: [], folder: null, filters: [], after: null, before: null, sort: 'relevance', order: null };

const DATE = /^\d{4}(-\d{2}(-\d{2})?)?$/;
/** Days are days in China: the index counts them so. */
const ZONE_MS = 8 * 3_600_000;

/** Reads the address. */
export function readState(params: URLSearchParams): SearchState {
  const filters: Filter[] = [];
  for (const entry of params.getAll('filter')) {
    const parsed = parseFilter(entry);
    if (parsed) add(filters, parsed[0], parsed[1]);
  }
  // Addresses of before.
  const type = params.get('type');
  if (type) add(filters, 'type', type);
  const date = (key: string) => {
    const value = params.get(key);
    return value && DATE.test(value) ? value : null;
  };
  const order = params.get('order');
  return {
    q: params.get('q')?.trim() ?? '',
    within: params.getAll('within').filter((text) => text.trim() !== ''),
    folder: params.get('in'),
    filters,
    after: date('after'),
    before: date('before'),
    sort: params.get('sort') ?? 'relevance',
    order: order === 'asc' || order === 'desc' ? order : null,
  };
}

/** The key may have a colon of its own: `property:<id>:<value>`. */
function parseFilter(entry: string): [key: string, value: string] | null {
  const [, key, value] = /^(property:[^:]+|[a-z]+):(.+)$/s.exec(entry) ?? [];
  return key && value ? [key, value] : null;
}

function add(filters: Filter[], key: string, value: string): void {
  const there = filters.find((filter) => filter.key === key);
  if (!there) filters.push({ key, values: [value] });
  else if (!there.values.includes(value)) there.values.push(value);
}

const filterParams = (filters: Filter[]) => filters.flatMap(({ key, values }) => values.map((value) => `${key}:${value}`));

/** Writes the address. */
export function writeState(state: SearchState): URLSearchParams {
  const params = new URLSearchParams();
  if (state.q) params.set('q', state.q);
  state.within.forEach((text) => params.append('within', text));
  if (state.folder) params.set('in', state.folder);
  filterParams(state.filters).forEach((filter) => params.append('filter', filter));
  if (state.after) params.set('after', state.after);
  if (state.before) params.set('before', state.before);
  if (state.sort !== 'relevance') params.set('sort', state.sort);
  if (state.order) params.set('order', state.order);
  return params;
}

export function searchAddress(change: Partial<SearchState>): string {
  return `/search?${writeState({ ...NOTHING, ...change })}`;
}

/** The words and everything that was asked of the results: all of them must hold. */
export function fullQuery(state: Pick<SearchState, 'q' | 'within'>): string {
  return [state.q, ...state.within].filter(Boolean).join(' ');
}

/** The moment at which a day, month or year begins. */
export function startOf(date: string): number {
  const [year = 1970, month = 1, day = 1] = date.split('-').map(Number);
  return Date.UTC(year, month - 1, day) - ZONE_MS;
}

/** The day of a moment. */
export function dayOf(at: number): string {
  return new Date(at + ZONE_MS).toISOString().slice(0, 10);
}

/** What is asked of the server. */
export function toRequest(state: SearchState) {
  return {
    q: fullQuery(state),
    in: state.folder,
    filter: filterParams(state.filters),
    after: state.after === null ? null : startOf(state.after),
    before: state.before === null ? null : startOf(state.before),
    sort: state.sort === 'relevance' ? null : state.sort,
    order: state.order,
  };
}

export function isEmpty(state: SearchState): boolean {
  return fullQuery(state) === '' && state.filters.length === 0 && !state.folder && !state.after && !state.before;
}

export function isChosen(state: SearchState, key: string, value: string): boolean {
  return state.filters.some((filter) => filter.key === key && filter.values.includes(value));
}

/** Chooses a value of a facet, or not any more. */
export function toggleFilter(state: SearchState, key: string, value: string): SearchState {
  if (!isChosen(state, key, value)) {
    const filters = state.filters.map((filter) => ({ ...filter, values: [...filter.values] }));
    add(filters, key, value);
    return { ...state, filters };
  }
  const filters = state.filters
    .map((filter) => (filter.key === key ? { ...filter, values: filter.values.filter((other) => other !== value) } : filter))
    .filter((filter) => filter.values.length > 0);
  return { ...state, filters };
}

/** As it is kept on the server. */
export function toSaved(state: SearchState): SavedQuery {
  const request = toRequest(state);
  const saved: SavedQuery = { q: request.q };
  if (state.folder) saved.in = state.folder;
  if (state.filters.length > 0) saved.filters = state.filters;
  if (request.after !== null) saved.after = request.after;
  if (request.before !== null) saved.before = request.before;
  if (request.sort) saved.sort = request.sort;
  if (state.order) saved.order = state.order;
  return saved;
}

export function fromSaved(saved: SavedQuery): SearchState {
  const filters: Filter[] = (saved.filters ?? []).map(({ key, values }) => ({ key, values: [...values] }));
  if (saved.type) saved.type.split(',').forEach((type) => add(filters, 'type', type));
  const date = (at: number | null | undefined) => (at === null || at === undefined ? null : dayOf(at));
  return {
    ...NOTHING,
    q: [saved.q, saved.author ? `author:"${saved.author.replace(/["\\]/g, '\\$&')}"` : ''].filter(Boolean).join(' '),
    folder: saved.in ?? null,
    filters,
    after: date(saved.after),
    before: date(saved.before),
    sort: saved.sort ?? 'relevance',
    order: saved.order === 'asc' || saved.order === 'desc' ? saved.order : null,
  };
}
