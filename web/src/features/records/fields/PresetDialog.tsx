import { Button, Group, Stack, Text } from '@mantine/core';
import { modals } from '@mantine/modals';
import { IconCheck, IconPlus } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import i18n from '../../../i18n/i18n';
import { ErrorNotice } from '../../../shared/ErrorNotice';
import { notifyDone } from '../../../shared/notify';
import { useAddPreset } from '../api';
import type { Property } from '../types';
import classes from './fields.module.css';

interface Options {
  libraryId: string;
  present: Property[];
}

/** What the server's set has, to be read before it is added. */
const DOSSIER = ['档号', '题名', '责任者', '文件编号', '成文日期', '全宗号', '年度', '保管期限', '机构(问题)', '件号', '页数', '备注'];

export function openPresetDialog({ libraryId, present }: Options): void {
  const id = modals.open({
    title: i18n.t('records.preset'),
    closeButtonProps: { 'aria-label': i18n.t('common.close') },
    children: <Preset libraryId={libraryId} present={present} onClose={() => modals.close(id)} />,
  });
}

function Preset({ libraryId, present, onClose }: Options & { onClose: () => void }) {
  const { t } = useTranslation();
  const add = useAddPreset(libraryId);
  const names = new Set(present.map((one) => one.name));
  const missing = DOSSIER.filter((name) => !names.has(name));
  const handleAdd = () =>
    add.mutate(undefined, {
      onSuccess: () => {
        notifyDone(t('records.presetAdded', { count: missing.length }));
        onClose();
      },
    });
  return (
    <Stack>
      <Text size="sm">{t('records.presetText')}</Text>
      <div className={classes.presetList} role="list" aria-label={t('records.preset')}>
        {DOSSIER.map((name) => (
          <Group key={name} role="listitem" gap={6} wrap="nowrap" mih={28} c={names.has(name) ? 'dimmed' : undefined}>
            {names.has(name) ? <IconCheck size={15} aria-hidden /> : <IconPlus size={15} color="var(--mantine-primary-color-filled)" aria-hidden />}
            <Text size="sm">{names.has(name) ? t('records.presetPresent', { name }) : name}</Text>
          </Group>
        ))}
      </div>
      {add.error && <ErrorNotice error={add.error} />}
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose}>
          {t('common.cancel')}
        </Button>
        <Button loading={add.isPending} disabled={missing.length === 0} onClick={handleAdd}>
          {missing.length === 0 ? t('records.presetComplete') : t('records.presetAdd', { count: missing.length })}
        </Button>
      </Group>
    </Stack>
  );
}
