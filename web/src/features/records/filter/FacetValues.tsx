// Which values are there to filter by, and how many records has each?
import { Button, Checkbox, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { FacetValue } from '../../../api/types';
import type { Facet, Property } from '../types';
import { valueLabel } from './labels';
import classes from './filter.module.css';

interface Props {
  facet: Facet | undefined;
  facetKey: string;
  property?: Property;
  chosen: string[];
  onToggle: (value: string) => void;
}

const FIRST = 7;

/** Numbers and days come newest first and options as they were defined; everything else as the server has it: most frequent first. */
function inOrder(values: FacetValue[], property: Property | undefined): FacetValue[] {
  if (property?.kind === 'number') return [...values].sort((one, other) => Number(other.value) - Number(one.value));
  if (property?.kind === 'date') return [...values].sort((one, other) => other.value.localeCompare(one.value));
  if (!property || property.options.length === 0) return values;
  // What is no option any more comes last.
  const place = ({ value }: FacetValue) => (property.options.includes(value) ? property.options.indexOf(value) : property.options.length);
  return [...values].sort((one, other) => place(one) - place(other));
}

export function FacetValues({ facet, facetKey, property, chosen, onToggle }: Props) {
  const { t } = useTranslation();
  const [all, setAll] = useState(false);
  const [text, setText] = useState('');
  const values = facet?.values ?? [];
  // What is chosen stays to be taken away, also when it is too rare to be listed: then its count is not known.
  const rare: FacetValue[] = chosen.filter((one) => !values.some(({ value }) => value === one)).map((value) => ({ value, label: value, count: NaN }));
  const listed = inOrder([...values, ...rare], property).map((one) => ({ ...one, label: valueLabel(t, facetKey, one) }));
  const wanted = text.trim().toLowerCase();
  const found = wanted === '' ? listed : listed.filter((one) => one.label.toLowerCase().includes(wanted));
  const shown = all || wanted !== '' ? found : found.filter((one, index) => index < FIRST || chosen.includes(one.value));
  const hidden = Math.max(facet?.total_values ?? 0, listed.length) - listed.length;
  if (facet && listed.length === 0) {
    return (
      <Text size="xs" c="dimmed" px={4}>
        {t('records.noValues')}
      </Text>
    );
  }
  return (
    <>
      {all && listed.length > FIRST + 3 && (
        <TextInput
          size="xs"
          mb={6}
          aria-label={t('records.findValue')}
          placeholder={t('records.findValue')}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
      )}
      <ul className={classes.values}>
        {shown.map(({ value, label, count }) => (
          <li key={value}>
            <Checkbox
              size="xs"
              checked={chosen.includes(value)}
              onChange={() => onToggle(value)}
              classNames={{ root: classes.value, body: classes.valueBody, labelWrapper: classes.valueLabel }}
              label={
                <span className={classes.valueText}>
                  <span className={classes.valueName} title={label}>
                    {label}
                  </span>
                  <span className={classes.count}>{Number.isNaN(count) ? '' : count.toLocaleString()}</span>
                </span>
              }
              aria-label={Number.isNaN(count) ? label : t('records.valueWithCount', { value: label, count })}
            />
          </li>
        ))}
      </ul>
      {wanted === '' && found.length > shown.length && (
        <Button size="compact-xs" variant="subtle" onClick={() => setAll(true)}>
          {t('records.showAllValues', { count: found.length })}
        </Button>
      )}
      {(all || found.length <= FIRST) && hidden > 0 && (
        <Text size="xs" c="dimmed" px={4}>
          {t('records.moreValues', { count: hidden })}
        </Text>
      )}
    </>
  );
}
