import type { TFunction } from 'i18next';
import i18next from 'i18next';
import type { FacetValue } from '../../../api/types';
import { propertyId } from '../columns';
import type { Property } from '../types';

/** What a filter is called. */
export function filterLabel(t: TFunction, key: string, properties: Property[]): string {
  const id = propertyId(key);
  if (id !== null) return properties.find((one) => one.id === id)?.name ?? t('records.goneField');
  const text = `records.filter.${key}`;
  return i18next.exists(text) ? t(text as 'records.filter.tag') : key;
}

/** What a value of a filter is called. */
export function valueLabel(t: TFunction, key: string, { value, label }: Pick<FacetValue, 'value' | 'label'>): string {
  if (key === 'level' && /^[0-3]$/.test(value)) return t(`common.level.${value}` as 'common.level.0');
  const type = `search.type.${value}`;
  if (key === 'type' && i18next.exists(type)) return t(type as 'search.type.pdf');
  return label || value;
}

/** What can be filtered by: the library's own fields first. */
export function filterKeys(properties: Property[]): string[] {
  const own = properties.filter((one) => one.facet).map((one) => `property:${one.id}`);
  return [...own, 'tag', 'level', 'type', 'year', 'author'];
}
