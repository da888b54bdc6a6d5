import { Button, Pill } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { toggleValue, type RecordQuery } from '../query';
import type { Facet, Property } from '../types';
import { filterLabel, valueLabel } from './labels';
import classes from './filter.module.css';

interface Props {
  query: RecordQuery;
  properties: Property[];
  facets: Facet[] | undefined;
  onQuery: (query: RecordQuery) => void;
}

/** What the records are filtered by, each to be taken away by itself. */
export function FilterChips({ query, properties, facets, onQuery }: Props) {
  const { t } = useTranslation();
  if (query.filters.length === 0) return null;
  return (
    <div className={classes.chips} role="group" aria-label={t('records.filters')}>
      {query.filters.flatMap(({ key, values }) =>
        values.map((value) => {
          const known = facets?.find((one) => one.key === key)?.values.find((one) => one.value === value);
          const text = t('records.chip', { name: filterLabel(t, key, properties), value: valueLabel(t, key, known ?? { value, label: value }) });
          return (
            <Pill
              key={`${key}:${value}`}
              size="sm"
              withRemoveButton
              className={classes.chip}
              removeButtonProps={{ 'aria-label': t('records.removeChip', { text }), tabIndex: 0, 'aria-hidden': false }}
              onRemove={() => onQuery(toggleValue(query, key, value))}
            >
              {text}
            </Pill>
          );
        }),
      )}
      <Button size="compact-xs" variant="subtle" color="gray" onClick={() => onQuery({ ...query, filters: [] })}>
        {t('records.clearAll')}
      </Button>
    </div>
  );
}
