// All filters beside the records, each with its values and counts; on a narrow screen in a drawer.
import { CloseButton, Skeleton, Stack, UnstyledButton } from '@mantine/core';
import { IconChevronRight } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { toggleValue, valuesFor, type RecordQuery } from '../query';
import type { Facet, Property } from '../types';
import { FacetValues } from './FacetValues';
import { filterKeys, filterLabel } from './labels';
import classes from './filter.module.css';

interface Props {
  properties: Property[];
  facets: Facet[] | undefined;
  query: RecordQuery;
  onQuery: (query: RecordQuery) => void;
}

/** So many groups are open at first; those with a choice are in any case. */
const FIRST_OPEN = 4;

export function FacetPanel({ properties, facets, query, onQuery }: Props) {
  const { t } = useTranslation();
  const [turned, setTurned] = useState<Record<string, boolean>>({});
  if (!facets) {
    return (
      <Stack p="md" gap="sm">
        {[70, 50, 60, 40, 55].map((width) => (
          <Skeleton key={width} height={12} width={`${width}%`} />
        ))}
      </Stack>
    );
  }
  const groups = filterKeys(properties).filter((key) => (facets.find((one) => one.key === key)?.values.length ?? 0) > 0 || valuesFor(query, key).length > 0);
  return (
    <div className={classes.groups}>
      {groups.map((key, index) => {
        const chosen = valuesFor(query, key);
        const open = turned[key] ?? (index < FIRST_OPEN || chosen.length > 0);
        const label = filterLabel(t, key, properties);
        return (
          <section key={key} className={classes.group} aria-label={label}>
            <div className={classes.groupHead}>
              <UnstyledButton className={classes.groupName} aria-expanded={open} onClick={() => setTurned({ ...turned, [key]: !open })}>
                <IconChevronRight size={14} style={{ transform: open ? 'rotate(90deg)' : undefined, flex: 'none' }} aria-hidden />
                <span className={classes.groupText}>{label}</span>
              </UnstyledButton>
              {chosen.length > 0 && (
                <CloseButton
                  size="xs"
                  aria-label={t('records.clearFilter', { name: label })}
                  onClick={() => onQuery({ ...query, filters: query.filters.filter((one) => one.key !== key) })}
                />
              )}
            </div>
            {open && (
              <div className={classes.groupBody}>
                <FacetValues
                  facet={facets.find((one) => one.key === key)}
                  facetKey={key}
                  property={properties.find((one) => key === `property:${one.id}`)}
                  chosen={chosen}
                  onToggle={(value) => onQuery(toggleValue(query, key, value))}
                />
              </div>
            )}
          </section>
        );
      })}
    </div>
  );
}
