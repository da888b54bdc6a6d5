// How many documents were changed when? Bars of equal time from the counts of months and years, holes filled.

export interface Bar {
  /** `2023-05` or `2023`. */
  key: string;
  count: number;
  /** The first day after it, as a month or year. */
  next: string;
}

export interface Histogram {
  unit: 'month' | 'year';
  bars: Bar[];
  most: number;
}

/** More months than these are shown as years. */
const MAX_MONTHS = 36;
/** A wrong clock must not make a bar for every year since the Flood. */
const MAX_BARS = 120;

type Count = { value: string; count: number };

export function nextMonth(month: string): string {
  const [year = 0, number = 1] = month.split('-').map(Number);
  return number === 12 ? `${String(year + 1).padStart(4, '0')}-01` : `${String(year).padStart(4, '0')}-${String(number + 1).padStart(2, '0')}`;
}

export const nextYear = (year: string) => String(Number(year) + 1).padStart(4, '0');

/** `null` when all documents are of one month: there is nothing to choose from. */
export function histogram(months: Count[], years: Count[], monthsAreAll: boolean): Histogram | null {
  const fine = monthsAreAll ? fill(months, nextMonth, MAX_MONTHS) : null;
  if (fine) return fine.length < 2 ? null : make('month', fine);
  // Of very many years the latest are shown.
  const latest = [...years].sort((left, right) => left.value.localeCompare(right.value)).slice(-MAX_BARS);
  const bars = fill(latest, nextYear, MAX_BARS) ?? latest.map(({ value, count }) => ({ key: value, count, next: nextYear(value) }));
  return bars.length < 2 ? null : make('year', bars);
}

function make(unit: Histogram['unit'], bars: Bar[]): Histogram {
  return { unit, bars, most: Math.max(...bars.map((bar) => bar.count), 1) };
}

/** All steps from the first to the last value; `null` when there are too many. */
function fill(counts: Count[], next: (key: string) => string, limit: number): Bar[] | null {
  const known = new Map(counts.map(({ value, count }) => [value, count]));
  const keys = [...known.keys()].sort();
  const last = keys.at(-1);
  const bars: Bar[] = [];
  if (last === undefined) return bars;
  for (let key = keys[0]!; key <= last; key = next(key)) {
    if (bars.length === limit) return null;
    bars.push({ key, count: known.get(key) ?? 0, next: next(key) });
  }
  return bars;
}

/** The days that a choice of bars stands for. */
export function rangeOf(bars: Bar[], from: number, to: number): { after: string; before: string } | null {
  const [first, last] = [bars[Math.min(from, to)], bars[Math.max(from, to)]];
  return first && last ? { after: first.key, before: last.next } : null;
}

/** Moves a year, month or day back by one of its own kind: `before` is the first day that is not meant. */
export function lastIncluded(before: string): string {
  const parts = before.split('-').map(Number);
  const [year = 0, month = 1, day = 1] = parts;
  const date = new Date(Date.UTC(year, month - 1, day));
  if (parts.length === 1) date.setUTCFullYear(year - 1);
  else if (parts.length === 2) date.setUTCMonth(month - 2);
  else date.setUTCDate(day - 1);
  return date.toISOString().slice(0, before.length);
}
