// Which records are shown, and in which order? The state of a records view, in its address and in questions to the server.

export interface Filter {
  /** `tag`, `level`, `year`, `property:<id>` … */
  key: string;
  /** Any of these. */
  values: string[];
}

export interface Sorting {
  /** A column: `name`, `updated`, `size` or `property:<id>`. */
  key: string;
  descending: boolean;
}

export interface RecordQuery {
  q: string;
  /** All of these; one per key. */
  filters: Filter[];
  /** Nothing: best matches first, and without words the newest. */
  sort: Sorting | null;
}

export const EMPTY_QUERY: RecordQuery = { q: '', filters: [], sort: null };

/** Reads the state from an address: `?q=…&filter=tag:合同&filter=level:1&sort=-property:p1`. */
export function readQuery(params: URLSearchParams): RecordQuery {
  const filters: Filter[] = [];
  for (const text of params.getAll('filter')) {
    const parsed = parseFilter(text);
    if (!parsed) continue;
    const known = filters.find((one) => one.key === parsed.key);
    if (!known) filters.push({ key: parsed.key, values: [parsed.value] });
    else if (!known.values.includes(parsed.value)) known.values.push(parsed.value);
  }
  const sort = params.get('sort');
  const key = sort?.replace(/^-/, '');
  return { q: params.get('q') ?? '', filters, sort: sort && key ? { key, descending: sort.startsWith('-') } : null };
}

/** Writes what `readQuery` reads. */
export function writeQuery(query: RecordQuery): URLSearchParams {
  const params = new URLSearchParams();
  if (query.q) params.set('q', query.q);
  for (const text of filterTexts(query.filters)) params.append('filter', text);
  if (query.sort) params.set('sort', `${query.sort.descending ? '-' : ''}${query.sort.key}`);
  return params;
}

/** `property:p1:永久` is the value 永久 of the key `property:p1`; a value may have colons of its own. */
function parseFilter(text: string): { key: string; value: string } | null {
  const match = /^(property:[^:]+|[^:]+):([\s\S]+)$/.exec(text);
  return match ? { key: match[1]!, value: match[2]! } : null;
}

/** As the server takes them: one text per value. */
export function filterTexts(filters: Filter[]): string[] {
  return filters.flatMap(({ key, values }) => values.map((value) => `${key}:${value}`));
}

/** The question to the server for records below a folder. */
export interface RecordRequest extends Record<string, string | readonly string[] | null> {
  in: string;
  q: string | null;
  filter: string[];
  sort: string | null;
  order: 'asc' | 'desc' | null;
}

export function toRequest(folderId: string, { q, filters, sort }: RecordQuery): RecordRequest {
  const words = q.trim() || null;
  const asked = { in: folderId, q: words, filter: filterTexts(filters) };
  // Without words no record fits better than another.
  if (!sort) return { ...asked, sort: words ? null : 'newest', order: null };
  if (sort.key === 'updated') return { ...asked, sort: sort.descending ? 'newest' : 'oldest', order: null };
  return { ...asked, sort: sort.key, order: sort.descending ? 'desc' : 'asc' };
}

export function valuesFor(query: RecordQuery, key: string): string[] {
  return query.filters.find((one) => one.key === key)?.values ?? [];
}

/** The same state with other values of a filter; none removes it. */
export function withFilter(query: RecordQuery, key: string, values: string[]): RecordQuery {
  const known = query.filters.some((one) => one.key === key);
  const changed = known
    ? query.filters.map((one) => (one.key === key ? { key, values } : one))
    : [...query.filters, { key, values }];
  return { ...query, filters: changed.filter((one) => one.values.length > 0) };
}

export function toggleValue(query: RecordQuery, key: string, value: string): RecordQuery {
  const values = valuesFor(query, key);
  return withFilter(query, key, values.includes(value) ? values.filter((one) => one !== value) : [...values, value]);
}

/** A click on a column: upwards, then downwards, then as before. */
export function nextSorting(sort: Sorting | null, key: string): Sorting | null {
  if (sort?.key !== key) return { key, descending: false };
  return sort.descending ? null : { key, descending: true };
}

export function isEmptyQuery(query: RecordQuery): boolean {
  return query.q.trim() === '' && query.filters.length === 0;
}

/** Whether two states show the same records in the same order. */
export function sameQuery(one: RecordQuery, other: RecordQuery): boolean {
  const sorted = (query: RecordQuery) => {
    const params = writeQuery(query);
    params.sort();
    return [...params].map(([key, value]) => `${key}=${value}`).sort().join('&');
  };
  return sorted(one) === sorted(other);
}
