// One change for many records: tags to add and to take away, fields to fill in or to empty, another level.
import { Button, Divider, Group, Modal, SegmentedControl, Select, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ErrorNotice } from '../../../shared/ErrorNotice';
import { useCurrentUser } from '../../session/api';
import { useRefreshRecords, type RecordsEdit } from '../api';
import { PropertyField } from '../details/PropertyField';
import { TagsField } from '../details/TagsField';
import type { Property } from '../types';
import classes from './bulk.module.css';
import { Outcome, Running } from './Outcome';
import { editAll, type Target } from './run';
import { useBulkRun } from './useBulkRun';

interface Props {
  folderId: string;
  properties: Property[];
  count: number;
  collect: (onCount: (count: number) => void, signal: AbortSignal) => Promise<Target[]>;
  onClose: () => void;
}

type Mode = 'keep' | 'set' | 'clear';
interface FieldEdit {
  mode: Mode;
  values: string[];
}
const KEEP: FieldEdit = { mode: 'keep', values: [] };
const LEVELS = [0, 1, 2, 3] as const;

export function BulkEditDialog({ folderId, properties, count, collect, onClose }: Props) {
  const { t } = useTranslation();
  const { clearance } = useCurrentUser();
  const refresh = useRefreshRecords();
  const { state, run, stop } = useBulkRun();
  const [added, setAdded] = useState<string[]>([]);
  const [removed, setRemoved] = useState<string[]>([]);
  const [fields, setFields] = useState<Record<string, FieldEdit>>({});
  const [level, setLevel] = useState<string | null>(null);

  const changed = Object.entries(fields).filter(([, field]) => field.mode === 'clear' || (field.mode === 'set' && field.values.length > 0));
  const unfinished = Object.values(fields).some((field) => field.mode === 'set' && field.values.length === 0);
  const edit: RecordsEdit = {
    ...(added.length > 0 && { add_tags: added }),
    ...(removed.length > 0 && { remove_tags: removed }),
    ...(changed.length > 0 && { properties: Object.fromEntries(changed.map(([id, field]) => [id, field.mode === 'set' ? field.values : null])) }),
    ...(level !== null && { level: Number(level) }),
  };
  const nothing = Object.keys(edit).length === 0;
  const busy = state.step === 'collecting' || state.step === 'running';

  const handleApply = async () => {
    await run(collect, (targets, onProgress, signal) => editAll(targets, edit, onProgress, signal));
    refresh();
  };

  return (
    <Modal
      opened
      onClose={onClose}
      title={t('records.bulkTitle', { count })}
      size="lg"
      closeOnClickOutside={!busy}
      closeOnEscape={!busy}
      withCloseButton={!busy}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      {state.step === 'idle' && (
        <Stack gap="md">
          {state.error !== undefined && <ErrorNotice error={state.error} />}
          <div className={classes.two}>
            <TagsField folderId={folderId} label={t('records.addTags')} tags={added} onChange={setAdded} />
            <TagsField folderId={folderId} label={t('records.removeTags')} placeholder={t('records.removeTagsPlaceholder')} tags={removed} onChange={setRemoved} />
          </div>
          {properties.length > 0 && <Divider label={t('records.fields')} labelPosition="left" />}
          {properties.map((property) => (
            <FieldRow
              key={property.id}
              property={property}
              count={count}
              field={fields[property.id] ?? KEEP}
              onChange={(field) => setFields((old) => ({ ...old, [property.id]: field }))}
            />
          ))}
          <Divider />
          <Select
            label={t('records.column.level')}
            placeholder={t('records.keep')}
            clearable
            w={200}
            data={LEVELS.map((value) => ({ value: String(value), label: t(`common.level.${value}`), disabled: value > clearance }))}
            value={level}
            onChange={setLevel}
            comboboxProps={{ withinPortal: true }}
          />
          <Group justify="flex-end" className={classes.actions}>
            <Button variant="default" onClick={onClose}>
              {t('common.cancel')}
            </Button>
            <Button disabled={nothing || unfinished} onClick={() => void handleApply()}>
              {t('records.bulkApply', { count })}
            </Button>
          </Group>
        </Stack>
      )}
      {busy && (
        <Stack>
          <Running progress={state.progress} total={state.total} collecting={state.step === 'collecting'} />
          <Group justify="flex-end">
            <Button variant="default" onClick={stop}>
              {t('records.stop')}
            </Button>
          </Group>
        </Stack>
      )}
      {state.step === 'done' && (
        <Stack>
          <Outcome progress={state.progress} total={state.total} />
          <Group justify="flex-end">
            <Button onClick={onClose}>{t('common.close')}</Button>
          </Group>
        </Stack>
      )}
    </Modal>
  );
}

function FieldRow({ property, field, count, onChange }: { property: Property; field: FieldEdit; count: number; onChange: (field: FieldEdit) => void }) {
  const { t } = useTranslation();
  // The same value cannot be given to several documents of which no two may have the same.
  const mayNotSet = property.unique && count > 1;
  const modes = [
    { value: 'keep', label: t('records.keep') },
    { value: 'set', label: t('records.set'), disabled: mayNotSet },
    { value: 'clear', label: t('records.clear'), disabled: property.required },
  ];
  return (
    <div className={classes.field} role="group" aria-label={property.name}>
      <Text size="sm" fw={500} truncate title={property.name}>
        {property.name}
      </Text>
      <SegmentedControl
        size="xs"
        data={modes}
        value={field.mode}
        aria-label={t('records.changeOf', { name: property.name })}
        onChange={(mode) => onChange({ ...field, mode: mode as Mode })}
      />
      <div className={classes.value}>
        {field.mode === 'set' && <PropertyField property={{ ...property, required: false }} hideLabel values={field.values} onSave={(values) => onChange({ mode: 'set', values })} />}
        {field.mode === 'keep' && mayNotSet && (
          <Text size="xs" c="dimmed">
            {t('records.uniqueHint')}
          </Text>
        )}
      </div>
    </div>
  );
}
