import { Button, Checkbox, Group, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { FacetView } from '../../api/types';
import { DateHistogram } from './DateHistogram';
import { useFacetLabels } from './facetLabels';
import { histogram } from './histogram';
import classes from './search.module.css';
import type { Change } from './SearchPage';
import { isChosen, toggleFilter, type SearchState } from './searchState';

const SHOWN = 6;

interface Props {
  facets: FacetView[];
  state: SearchState;
  change: Change;
}

/** By what the results can be narrowed, with how many documents each choice leaves. */
export function Facets({ facets, state, change }: Props) {
  const { t } = useTranslation();
  const months = facets.find((facet) => facet.key === 'month');
  const years = facets.find((facet) => facet.key === 'year');
  const bars = months && years ? histogram(months.values, years.values, months.values.length >= months.total_values) : null;
  const lists = facets.filter((facet) => facet.key !== 'month' && isUseful(facet, state));
  return (
    <Stack gap="lg">
      {bars && (
        <section aria-label={t('search.time')}>
          <Group justify="space-between" mb={4}>
            <Text size="sm" fw={600}>
              {t('search.time')}
            </Text>
            {(state.after ?? state.before) && (
              <Button variant="subtle" size="compact-xs" onClick={() => change({ after: null, before: null })}>
                {t('search.allTime')}
              </Button>
            )}
          </Group>
          <DateHistogram key={`${bars.unit} ${bars.bars[0]?.key} ${bars.bars.length}`} data={bars} onChoose={(range) => change(range)} />
        </section>
      )}
      {lists.map((facet) => (
        <FacetList key={facet.key} facet={facet} state={state} change={change} />
      ))}
    </Stack>
  );
}

/** A list with a single value narrows nothing; what is chosen stays to be taken away. */
function isUseful(facet: FacetView, state: SearchState): boolean {
  return facet.values.length > 1 || state.filters.some((filter) => filter.key === facet.key);
}

function FacetList({ facet, state, change }: Omit<Props, 'facets'> & { facet: FacetView }) {
  const { t } = useTranslation();
  const labels = useFacetLabels();
  const [all, setAll] = useState(false);
  const title = labels.facet(facet);
  // What was chosen stays in the list, also when nothing of it is left.
  const chosen = state.filters.find((filter) => filter.key === facet.key)?.values ?? [];
  const missing = chosen.filter((value) => !facet.values.some((one) => one.value === value));
  const values = [...facet.values, ...missing.map((value) => ({ value, label: facet.key === 'library' ? null : value, count: 0 }))];
  const shown = all ? values : values.filter((one, index) => index < SHOWN || isChosen(state, facet.key, one.value));
  const hidden = Math.max(values.length, facet.total_values) - shown.length;
  return (
    <fieldset className={classes.facet}>
      <legend>{title}</legend>
      {shown.map((one) => (
        <div key={one.value} className={classes.facetRow}>
          <Checkbox
            size="xs"
            label={labels.value(facet.key, one)}
            checked={isChosen(state, facet.key, one.value)}
            onChange={() => change(toggleFilter(state, facet.key, one.value))}
          />
          <span className={classes.facetCount}>{one.count}</span>
        </div>
      ))}
      {(all ? values.length > SHOWN : shown.length < values.length) && (
        <Button variant="subtle" size="compact-xs" onClick={() => setAll(!all)}>
          {all ? t('search.fewer') : t('search.more', { count: values.length - shown.length })}
        </Button>
      )}
      {hidden > 0 && shown.length === values.length && (
        <Text size="xs" c="dimmed">
          {t('search.moreValues', { count: hidden })}
        </Text>
      )}
    </fieldset>
  );
}
