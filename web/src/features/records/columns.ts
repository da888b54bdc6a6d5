// Which columns does a records view have, and how wide? Remembered on this device per person and library.
import type { Property } from './types';

export interface Column {
  key: string;
  /** In pixels; without one the column has the usual width of its kind. */
  width?: number;
}

const BUILT_IN = ['name', 'tags', 'level', 'author', 'updated', 'created', 'size', 'type', 'folder'] as const;
export type BuiltInColumn = (typeof BUILT_IN)[number];

export const MIN_WIDTH = 64;
const MAX_WIDTH = 900;

const WIDTHS: Record<BuiltInColumn, number> = {
  name: 300,
  tags: 180,
  level: 84,
  author: 110,
  updated: 120,
  created: 120,
  size: 92,
  type: 110,
  folder: 200,
};
const KIND_WIDTHS = { text: 150, number: 90, date: 116, choice: 110, choices: 170 } as const;
const UNIQUE_WIDTH = 210;
/** So many fields are shown before anybody has chosen. */
const FIRST_FIELDS = 7;

export const propertyKey = (id: string) => `property:${id}`;
export const propertyId = (key: string) => (key.startsWith('property:') ? key.slice('property:'.length) : null);

/** Every column there could be, in the order of the list for choosing. */
export function allColumns(properties: Property[]): string[] {
  const [name, ...others] = BUILT_IN;
  return [name, ...properties.map((one) => propertyKey(one.id)), ...others];
}

export function defaultColumns(properties: Property[]): Column[] {
  // What has to be filled in and what is filtered by says most.
  const telling = (one: Property) => one.required || one.facet;
  const first = new Set([...properties.filter(telling), ...properties.filter((one) => !telling(one))].slice(0, FIRST_FIELDS));
  const fields = properties.filter((one) => first.has(one)).map((one) => ({ key: propertyKey(one.id) }));
  const rest = fields.length > 0 ? ['tags', 'updated'] : ['tags', 'level', 'author', 'updated', 'size'];
  return [{ key: 'name' }, ...fields, ...rest.map((key) => ({ key }))];
}

/** What was remembered, without columns that are gone; the name is always there and first. */
export function knownColumns(columns: Column[], properties: Property[]): Column[] {
  const known = new Set(allColumns(properties));
  const seen = new Set(['name']);
  const others = columns.filter(({ key }) => known.has(key) && !seen.has(key) && seen.add(key));
  return [columns.find(({ key }) => key === 'name') ?? { key: 'name' }, ...others];
}

/** Reads columns from storage or a saved filter; null when there are none to be read. */
export function parseColumns(value: unknown): Column[] | null {
  if (!Array.isArray(value)) return null;
  return value.flatMap((one: unknown): Column[] => {
    if (typeof one === 'string') return [{ key: one }];
    if (typeof one !== 'object' || one === null || !('key' in one) || typeof one.key !== 'string') return [];
    const width = 'width' in one && typeof one.width === 'number' ? clampWidth(one.width) : undefined;
    return [width === undefined ? { key: one.key } : { key: one.key, width }];
  });
}

export function clampWidth(width: number): number {
  return Math.round(Math.min(Math.max(width, MIN_WIDTH), MAX_WIDTH));
}

export function columnWidth(column: Column, properties: Property[]): number {
  if (column.width !== undefined) return column.width;
  const id = propertyId(column.key);
  if (id === null) return WIDTHS[column.key as BuiltInColumn] ?? 120;
  const property = properties.find((one) => one.id === id);
  // What tells documents apart is to be read to its end.
  return property?.unique && property.kind === 'text' ? UNIQUE_WIDTH : KIND_WIDTHS[property?.kind ?? 'text'];
}

/** Shows a hidden column at the end, or hides a shown one. */
export function toggleColumn(columns: Column[], key: string): Column[] {
  if (key === 'name') return columns;
  return columns.some((one) => one.key === key) ? columns.filter((one) => one.key !== key) : [...columns, { key }];
}

/** Puts a column before or after its neighbour; nothing goes before the name. */
export function moveColumn(columns: Column[], key: string, by: -1 | 1): Column[] {
  const from = columns.findIndex((one) => one.key === key);
  const to = from + by;
  if (from < 1 || to < 1 || to >= columns.length) return columns;
  const moved = [...columns];
  [moved[from], moved[to]] = [moved[to]!, moved[from]!];
  return moved;
}

export function resizeColumn(columns: Column[], key: string, width: number | undefined): Column[] {
  return columns.map((one) => (one.key !== key ? one : width === undefined ? { key } : { key, width: clampWidth(width) }));
}

/** The server orders by these alone. */
export function isSortable(key: string): boolean {
  return key === 'name' || key === 'updated' || key === 'size' || key.startsWith('property:');
}

/** The facet that filters what a column shows, if there is one. */
export function facetOf(key: string, properties: Property[]): string | null {
  const id = propertyId(key);
  if (id !== null) return properties.find((one) => one.id === id)?.facet ? key : null;
  if (key === 'tags') return 'tag';
  if (key === 'updated') return 'year';
  return key === 'level' || key === 'author' || key === 'type' ? key : null;
}

const storageKey = (userId: string, libraryId: string) => `wenshu.records.columns.${userId}.${libraryId}`;

export function rememberedColumns(userId: string, libraryId: string): Column[] | null {
  try {
    return parseColumns(JSON.parse(localStorage.getItem(storageKey(userId, libraryId)) ?? 'null'));
  } catch {
    return null; // storage is switched off, or something else was written there
  }
}

export function rememberColumns(userId: string, libraryId: string, columns: Column[] | null): void {
  try {
    if (columns) localStorage.setItem(storageKey(userId, libraryId), JSON.stringify(columns));
    else localStorage.removeItem(storageKey(userId, libraryId));
  } catch {
    // The choice then lasts until the page is left.
  }
}
