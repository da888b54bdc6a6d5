// One field of one document: an input that fits its kind, saved when it is left, with what is wrong below it.
import { ActionIcon, MultiSelect, Popover, Select, Textarea, TextInput } from '@mantine/core';
import { DatePicker } from '@mantine/dates';
import '@mantine/dates/styles.css';
import { IconCalendar } from '@tabler/icons-react';
import { useState, type KeyboardEvent } from 'react';
import { useTranslation } from 'react-i18next';
import type { Property } from '../types';
import { cleanText, parseDate, parseNumber } from '../values';

export interface FieldProps {
  property: Property;
  values: string[];
  readOnly?: boolean;
  /** What the server said about the last value. */
  error?: string;
  /** Said below the field while nothing is wrong. */
  description?: string;
  hideLabel?: boolean;
  /** None clears the field. */
  onSave: (values: string[]) => void;
}

export function PropertyField(props: FieldProps) {
  switch (props.property.kind) {
    case 'choice':
      return <ChoiceField {...props} />;
    case 'choices':
      return <ChoicesField {...props} />;
    case 'date':
      return <DateField {...props} />;
    case 'number':
      return <NumberField {...props} />;
    default:
      return <TextField {...props} />;
  }
}

function labelProps({ property, hideLabel, description }: FieldProps) {
  return {
    label: hideLabel ? undefined : property.name,
    'aria-label': property.name,
    withAsterisk: property.required,
    'aria-required': property.required,
    description,
    inputWrapperOrder: ['label', 'input', 'description', 'error'] as ('label' | 'input' | 'description' | 'error')[],
    size: 'sm' as const,
  };
}

/** What is being typed, until it is saved: `read` turns it into a value, or null when it is none. */
function useDraft({ values, error, onSave }: FieldProps, read: (text: string) => string | null, message: string) {
  const value = values[0] ?? '';
  const [draft, setDraft] = useState<string | null>(null);
  const [wrong, setWrong] = useState(false);
  // A value that was refused stays to be corrected, until another one arrives.
  const [sent, setSent] = useState<string | null>(null);
  const text = draft ?? (error ? (sent ?? value) : value);

  const save = (typed: string) => {
    const parsed = cleanText(typed) === '' ? '' : read(typed);
    setWrong(parsed === null);
    if (parsed === null) return;
    setDraft(null);
    setSent(parsed);
    if (parsed !== value || error) onSave(parsed === '' ? [] : [parsed]);
  };
  const input = {
    value: text,
    error: wrong ? message : error,
    onBlur: () => draft !== null && save(draft),
    onKeyDown: (event: KeyboardEvent<HTMLElement>) => {
      if (event.nativeEvent.isComposing) return;
      if (event.key === 'Enter') {
        event.preventDefault();
        event.currentTarget.blur();
      } else if (event.key === 'Escape' && draft !== null) {
        // Takes back what was typed, and closes nothing around it.
        event.stopPropagation();
        setDraft(null);
        setWrong(false);
      }
    },
  };
  return { input, type: setDraft, save, text };
}

function TextField(props: FieldProps) {
  const { input, type } = useDraft(props, cleanText, '');
  return (
    <Textarea {...labelProps(props)} {...input} autosize minRows={1} maxRows={6} readOnly={props.readOnly} onChange={(event) => type(event.currentTarget.value)} />
  );
}

function NumberField(props: FieldProps) {
  const { t } = useTranslation();
  const { input, type } = useDraft(props, parseNumber, t('records.notANumber'));
  return (
    <TextInput {...labelProps(props)} {...input} inputMode="decimal" readOnly={props.readOnly} onChange={(event) => type(event.currentTarget.value)} />
  );
}

function DateField(props: FieldProps) {
  const { t, i18n } = useTranslation();
  const { input, type, save, text } = useDraft(props, parseDate, t('records.notADate'));
  const [opened, setOpened] = useState(false);
  const chinese = i18n.language === 'zh-CN';
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-end" trapFocus withinPortal shadow="md">
      <Popover.Target>
        <TextInput
          {...labelProps(props)}
          {...input}
          placeholder={props.readOnly ? undefined : t('records.datePlaceholder')}
          readOnly={props.readOnly}
          onChange={(event) => type(event.currentTarget.value)}
          rightSection={
            !props.readOnly && (
              <ActionIcon variant="subtle" color="gray" size="sm" aria-label={t('records.openCalendar', { name: props.property.name })} onClick={() => setOpened(!opened)}>
                <IconCalendar size={16} />
              </ActionIcon>
            )
          }
        />
      </Popover.Target>
      <Popover.Dropdown>
        <DatePicker
          value={parseDate(text)}
          defaultDate={parseDate(text) ?? undefined}
          locale={chinese ? 'zh-cn' : 'en'}
          monthLabelFormat={chinese ? 'YYYY年M月' : 'MMMM YYYY'}
          yearLabelFormat={chinese ? 'YYYY年' : 'YYYY'}
          monthsListFormat={chinese ? 'M月' : 'MMM'}
          onChange={(day) => {
            setOpened(false);
            if (day) save(day);
          }}
        />
      </Popover.Dropdown>
    </Popover>
  );
}

/** Options, and values that were options once: those are shown, and can be kept. */
function optionsWith(property: Property, values: string[]): string[] {
  return [...property.options, ...values.filter((value) => !property.options.includes(value))];
}

function ChoiceField(props: FieldProps) {
  const { t } = useTranslation();
  const { property, values, readOnly, error, onSave } = props;
  const options = optionsWith(property, values);
  return (
    <Select
      {...labelProps(props)}
      data={options}
      value={values[0] ?? null}
      onChange={(value) => onSave(value === null ? [] : [value])}
      readOnly={readOnly}
      clearable={!readOnly && !property.required}
      clearButtonProps={{ 'aria-label': t('records.clearField', { name: property.name }) }}
      searchable={options.length > 7}
      placeholder={readOnly ? undefined : t('records.choose')}
      nothingFoundMessage={t('records.noOption')}
      error={error}
      comboboxProps={{ withinPortal: true }}
    />
  );
}

function ChoicesField(props: FieldProps) {
  const { t } = useTranslation();
  const { property, values, readOnly, error, onSave } = props;
  return (
    <MultiSelect
      {...labelProps(props)}
      data={optionsWith(property, values)}
      value={values}
      onChange={onSave}
      readOnly={readOnly}
      searchable
      hidePickedOptions
      placeholder={readOnly || values.length > 0 ? undefined : t('records.chooseSeveral')}
      nothingFoundMessage={t('records.noOption')}
      error={error}
      comboboxProps={{ withinPortal: true }}
    />
  );
}
