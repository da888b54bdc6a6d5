import { Button, Group, Pill } from '@mantine/core';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import type { FacetView } from '../../api/types';
import { useFolder } from '../folders/api';
import { useFacetLabels } from './facetLabels';
import { lastIncluded } from './histogram';
import type { Change } from './SearchPage';
import { toggleFilter, type SearchState } from './searchState';

interface Props {
  state: SearchState;
  change: Change;
  facets: FacetView[];
}

/** What narrows the results, each to be taken away again. */
export function Chips({ state, change, facets }: Props) {
  const { t } = useTranslation();
  const labels = useFacetLabels();
  const folder = useFolder(state.folder ?? undefined);
  const chips: { key: string; text: string; remove: () => void }[] = [];
  state.within.forEach((text, index) =>
    chips.push({ key: `within ${index}`, text: t('search.chip.within', { text }), remove: () => change({ within: state.within.toSpliced(index, 1) }) }),
  );
  if (state.folder) chips.push({ key: 'folder', text: t('search.chip.folder', { name: folder.data?.name ?? '…' }), remove: () => change({ folder: null }) });
  for (const { key, values } of state.filters) {
    const facet = facets.find((one) => one.key === key);
    for (const value of values) {
      const known = facet?.values.find((one) => one.value === value) ?? { value };
      const text = `${labels.facet(facet ?? { key })}：${labels.value(key, known)}`;
      chips.push({ key: `${key} ${value}`, text, remove: () => change(toggleFilter(state, key, value)) });
    }
  }
  if (state.after || state.before) chips.push({ key: 'time', text: timeText(t, state), remove: () => change({ after: null, before: null }) });
  if (chips.length === 0) return null;
  return (
    <Group gap={6} role="group" aria-label={t('search.chips')}>
      {chips.map(({ key, text, remove }) => (
        <Pill key={key} size="md" withRemoveButton onRemove={remove} removeButtonProps={{ 'aria-label': t('search.removeChip', { text }), 'aria-hidden': false, tabIndex: 0 }}>
          {text}
        </Pill>
      ))}
      {chips.length > 1 && (
        <Button variant="subtle" size="compact-xs" onClick={() => change({ within: [], folder: null, filters: [], after: null, before: null })}>
          {t('search.clearFilters')}
        </Button>
      )}
    </Group>
  );
}

function timeText(t: TFunction, { after, before }: SearchState): string {
  const last = before === null ? null : lastIncluded(before);
  if (after && last) return after === last ? t('search.chip.time', { time: after }) : t('search.chip.between', { from: after, to: last });
  return after ? t('search.chip.since', { from: after }) : t('search.chip.until', { to: last ?? '' });
}
