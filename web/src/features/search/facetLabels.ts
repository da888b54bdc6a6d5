// What are facets and their values called? Types and levels by the client, people, tags and folders by themselves.
import { useTranslation } from 'react-i18next';
import type { FacetValue, FacetView } from '../../api/types';

const TYPES = ['pdf', 'ofd', 'word', 'excel', 'ppt', 'image', 'text', 'web', 'mail', 'archive', 'audio', 'video', 'page', 'board', 'other'] as const;
const FACETS = ['library', 'type', 'author', 'year', 'month', 'tag', 'level'] as const;

export function useFacetLabels() {
  const { t } = useTranslation();
  const facet = ({ key, label }: Pick<FacetView, 'key' | 'label'>) => {
    const known = FACETS.find((one) => one === key);
    return known ? t(`search.facet.${known}`) : (label ?? t('search.facet.property'));
  };
  const value = (key: string, { value, label }: Pick<FacetValue, 'value' | 'label'>) => {
    if (key === 'type') {
      const known = TYPES.find((one) => one === value);
      return known ? t(`search.type.${known}`) : label || value;
    }
    if (key === 'level' && /^[0-3]$/.test(value)) return t(`common.level.${Number(value) as 0 | 1 | 2 | 3}`);
    if (key === 'year' && /^\d{4}$/.test(value)) return t('search.year', { year: value });
    if (key === 'library' && !label) return t('search.otherLibrary');
    return label || value;
  };
  return { facet, value };
}
