// Defines one field: what it is called, what can be put into it, and what it is used for.
import { ActionIcon, Alert, Button, Group, Select, Stack, Switch, Text, TextInput } from '@mantine/core';
import { modals } from '@mantine/modals';
import { useQuery } from '@tanstack/react-query';
import { IconArrowDown, IconArrowUp, IconPlus, IconX } from '@tabler/icons-react';
import { useRef, useState, type ClipboardEvent, type FormEvent, type KeyboardEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { api, ApiError } from '../../../api/client';
import type { PropertyKind } from '../../../api/types';
import i18n from '../../../i18n/i18n';
import { errorText } from '../../../i18n/errorText';
import arrow from '../arrow.module.css';
import { useCreateProperty, useUpdateProperty } from '../api';
import { PROPERTY_KINDS, type Property, type RecordsAnswer } from '../types';
import classes from './fields.module.css';
import { optionsChange, repeatedOption, splitPasted, toRows, type GoneOption, type OptionRow } from './options';

interface Options {
  libraryId: string;
  /** None: a new one. */
  field?: Property;
}

export function openFieldDialog({ libraryId, field }: Options): void {
  const id = modals.open({
    title: field ? i18n.t('records.editField', { name: field.name }) : i18n.t('records.addField'),
    size: 'md',
    closeButtonProps: { 'aria-label': i18n.t('common.close') },
    children: <FieldForm libraryId={libraryId} field={field} onClose={() => modals.close(id)} />,
  });
}

const isChoice = (kind: PropertyKind) => kind === 'choice' || kind === 'choices';

function FieldForm({ libraryId, field, onClose }: Options & { onClose: () => void }) {
  const { t } = useTranslation();
  const create = useCreateProperty(libraryId);
  const update = useUpdateProperty();
  const [name, setName] = useState(field?.name ?? '');
  const [kind, setKind] = useState<PropertyKind>(field?.kind ?? 'text');
  const [rows, setRows] = useState<OptionRow[]>(() => (field && field.options.length > 0 ? toRows(field.options) : [{ key: -1, was: null, text: '' }]));
  const [gone, setGone] = useState<GoneOption[]>([]);
  const [required, setRequired] = useState(field?.required ?? false);
  const [unique, setUnique] = useState(field?.unique ?? false);
  const [facet, setFacet] = useState(field?.facet ?? false);
  const { options, replace } = optionsChange(rows, gone);
  const twice = isChoice(kind) ? repeatedOption(rows) : null;
  const error = create.error ?? update.error;
  const at = (...names: string[]) => (error instanceof ApiError && error.field !== undefined && names.includes(error.field) ? errorText(t, error) : undefined);
  const elsewhere = error && !at('name', 'kind', 'options', 'unique') ? errorText(t, error) : undefined;
  const ready = name.trim() !== '' && (!isChoice(kind) || (options.length > 0 && twice === null));

  async function handleSubmit(event: FormEvent) {
    event.preventDefault();
    const input = { name: name.trim(), kind, options: isChoice(kind) ? options : [], required, unique: unique && kind !== 'choices', facet };
    try {
      if (!field) await create.mutateAsync(input);
      else await update.mutateAsync({ id: field.id, ...input, ...(isChoice(kind) && isChoice(field.kind) && { replace }) });
      onClose();
    } catch {
      // Shown at the field that it is about.
    }
  }

  return (
    <form onSubmit={(event) => void handleSubmit(event)}>
      <Stack>
        <TextInput
          label={t('records.fieldName')}
          placeholder={t('records.fieldNamePlaceholder')}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          error={at('name')}
          maxLength={60}
          data-autofocus
          autoComplete="off"
        />
        <Select
          label={t('records.kindOfField')}
          description={t(`records.kindText.${kind}`)}
          inputWrapperOrder={['label', 'input', 'description', 'error']}
          data={PROPERTY_KINDS.map((value) => ({ value, label: t(`records.fieldKind.${value}`) }))}
          value={kind}
          allowDeselect={false}
          onChange={(value) => {
            const next = value as PropertyKind;
            setKind(next);
            // Choices are few and meant to be counted; words of one's own are not.
            if (!field && isChoice(next)) setFacet(true);
          }}
          error={at('kind')}
          comboboxProps={{ withinPortal: true }}
        />
        {field && kind !== field.kind && (
          <Alert color="orange" variant="light" p="xs">
            <Text size="sm">{t('records.kindChanges')}</Text>
          </Alert>
        )}
        {isChoice(kind) && (
          <OptionEditor
            rows={rows}
            gone={gone}
            field={field}
            error={at('options') ?? (twice === null ? undefined : t('records.optionTwice', { option: twice }))}
            onRows={setRows}
            onGone={setGone}
          />
        )}
        <Switch label={t('records.required')} description={t('records.requiredText')} checked={required} onChange={(event) => setRequired(event.currentTarget.checked)} />
        {kind !== 'choices' && (
          <Switch label={t('records.unique')} description={t('records.uniqueText')} checked={unique} onChange={(event) => setUnique(event.currentTarget.checked)} error={at('unique')} />
        )}
        <Switch label={t('records.asFacet')} description={t('records.asFacetText')} checked={facet} onChange={(event) => setFacet(event.currentTarget.checked)} />
        {elsewhere && (
          <Text size="sm" c="var(--mantine-color-error)" role="alert">
            {elsewhere}
          </Text>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t('common.cancel')}
          </Button>
          <Button type="submit" loading={create.isPending || update.isPending} disabled={!ready}>
            {field ? t('common.save') : t('common.add')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

interface EditorProps {
  rows: OptionRow[];
  gone: GoneOption[];
  field: Property | undefined;
  error: string | undefined;
  onRows: (rows: OptionRow[]) => void;
  onGone: (gone: GoneOption[]) => void;
}

function OptionEditor({ rows, gone, field, error, onRows, onGone }: EditorProps) {
  const { t } = useTranslation();
  const list = useRef<HTMLDivElement>(null);
  const nextKey = useRef(1000);
  const focus = (index: number) => requestAnimationFrame(() => list.current?.querySelectorAll('input')[index]?.focus());
  const insert = (index: number, texts: string[]) => {
    onRows([...rows.slice(0, index), ...texts.map((text) => ({ key: nextKey.current++, was: null, text })), ...rows.slice(index)]);
    focus(index + texts.length - 1);
  };
  const change = (index: number, text: string) => onRows(rows.map((row, at) => (at === index ? { ...row, text } : row)));
  const swap = (index: number, by: -1 | 1) => {
    const next = [...rows];
    [next[index], next[index + by]] = [next[index + by]!, next[index]!];
    onRows(next);
  };
  const remove = (index: number) => {
    const { was } = rows[index]!;
    if (was !== null) onGone([...gone, { was, to: null }]);
    onRows(rows.filter((_, at) => at !== index));
  };
  const handlePaste = (event: ClipboardEvent, index: number) => {
    const texts = splitPasted(event.clipboardData.getData('text/plain'));
    if (texts.length < 2) return;
    event.preventDefault();
    if (rows[index]!.text.trim() === '' && rows[index]!.was === null) {
      onRows([...rows.slice(0, index), ...texts.map((text) => ({ key: nextKey.current++, was: null, text })), ...rows.slice(index + 1)]);
    } else insert(index + 1, texts);
  };
  const handleKey = (event: KeyboardEvent, index: number) => {
    if (event.key !== 'Enter' || event.nativeEvent.isComposing) return;
    event.preventDefault();
    insert(index + 1, ['']);
  };
  const targets = rows.map((row) => row.text.trim()).filter((text) => text !== '');

  return (
    <Stack gap={6} role="group" aria-label={t('records.options')}>
      <Text size="sm" fw={500}>
        {t('records.options')}
      </Text>
      <Stack gap={6} ref={list}>
        {rows.map((row, index) => (
          <div key={row.key} className={classes.option}>
            <TextInput
              flex={1}
              size="sm"
              aria-label={t('records.optionNumber', { number: index + 1 })}
              value={row.text}
              maxLength={60}
              onChange={(event) => change(index, event.currentTarget.value)}
              onPaste={(event) => handlePaste(event, index)}
              onKeyDown={(event) => handleKey(event, index)}
              description={field && row.was !== null && row.text.trim() !== '' && row.text.trim() !== row.was ? <Renamed field={field} was={row.was} /> : undefined}
              inputWrapperOrder={['input', 'description']}
            />
            <ActionIcon className={arrow.arrow} variant="subtle" color="gray" size="lg" aria-label={t('records.moveUp', { name: row.text })} disabled={index === 0} onClick={() => swap(index, -1)}>
              <IconArrowUp size={16} />
            </ActionIcon>
            <ActionIcon className={arrow.arrow} variant="subtle" color="gray" size="lg" aria-label={t('records.moveDown', { name: row.text })} disabled={index === rows.length - 1} onClick={() => swap(index, 1)}>
              <IconArrowDown size={16} />
            </ActionIcon>
            <ActionIcon className={arrow.arrow} variant="subtle" color="gray" size="lg" aria-label={t('records.removeOption', { name: row.text })} disabled={rows.length === 1} onClick={() => remove(index)}>
              <IconX size={16} />
            </ActionIcon>
          </div>
        ))}
      </Stack>
      <Group justify="space-between">
        <Button size="compact-sm" variant="subtle" leftSection={<IconPlus size={15} />} onClick={() => insert(rows.length, [''])}>
          {t('records.addOption')}
        </Button>
        <Text size="xs" c="dimmed">
          {t('records.pasteHint')}
        </Text>
      </Group>
      {field &&
        gone.map((one) => (
          <Gone key={one.was} field={field} gone={one} targets={targets} onChange={(to) => onGone(gone.map((other) => (other === one ? { ...one, to } : other)))} />
        ))}
      {error && (
        <Text size="sm" c="var(--mantine-color-error)" role="alert">
          {error}
        </Text>
      )}
    </Stack>
  );
}

/** How many documents have an option, as far as the caller sees them. */
function useUses(field: Property, option: string) {
  return useQuery({
    queryKey: ['records', 'uses', field.id, option],
    queryFn: async ({ signal }) => {
      const request = { in: field.library_id, filter: [`property:${field.id}:${option}`], limit: 1 };
      return (await api.get<RecordsAnswer>('/search', request, signal)).total;
    },
    retry: false,
  }).data;
}

function Renamed({ field, was }: { field: Property; was: string }) {
  const { t } = useTranslation();
  const uses = useUses(field, was);
  return uses === undefined ? t('records.optionWas', { was }) : t('records.optionRenamed', { was, count: uses });
}

/** An option that is removed: what its documents get instead. */
function Gone({ field, gone, targets, onChange }: { field: Property; gone: GoneOption; targets: string[]; onChange: (to: string | null) => void }) {
  const { t } = useTranslation();
  const uses = useUses(field, gone.was);
  if (uses === 0 || targets.includes(gone.was)) return null;
  return (
    <div className={classes.gone} role="status">
      <Text size="sm" flex={1} miw={180}>
        {uses === undefined ? t('records.optionGone', { name: gone.was }) : t('records.optionGoneUsed', { name: gone.was, count: uses })}
      </Text>
      <Select
        size="xs"
        w={150}
        aria-label={t('records.replaceOption', { name: gone.was })}
        data={[{ value: '', label: t('records.emptyField'), disabled: field.required }, ...[...new Set(targets)].map((value) => ({ value, label: value }))]}
        value={gone.to ?? ''}
        allowDeselect={false}
        onChange={(value) => onChange(value === '' ? null : value)}
        comboboxProps={{ withinPortal: true }}
      />
    </div>
  );
}
