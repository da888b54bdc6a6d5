import { ActionIcon, Group, Menu, Text, Tooltip } from '@mantine/core';
import { modals } from '@mantine/modals';
import { IconBookmark, IconBookmarkPlus, IconDeviceFloppy, IconPencil, IconTrash } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { SavedSearch } from '../../api/types';
import { openNameDialog } from '../../shared/NameDialog';
import { notifyDone, notifyError } from '../../shared/notify';
import { useDeleteSavedSearch, useSavedSearches, useSaveSearch, useUpdateSavedSearch } from './api';
import { fromSaved, fullQuery, toSaved, type SearchState } from './searchState';

interface Props {
  state: SearchState;
  onRun: (state: SearchState) => void;
}

/** Keeps the search that is shown, and runs those that were kept. */
export function SavedSearches({ state, onRun }: Props) {
  const { t } = useTranslation();
  const saved = useSavedSearches();
  const save = useSaveSearch();
  const items = saved.data?.items ?? [];
  const handleSave = () =>
    openNameDialog({
      title: t('search.save'),
      label: t('search.saveName'),
      initial: fullQuery(state).slice(0, 64),
      submit: t('common.save'),
      onSubmit: async (name) => {
        await save.mutateAsync({ name, query: toSaved(state) });
        notifyDone(t('search.savedDone', { name }));
      },
    });
  return (
    <Menu position="bottom-end" width={300} withinPortal>
      <Menu.Target>
        <Tooltip label={t('search.saved')}>
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t('search.saved')}>
            <IconBookmark size={20} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown mah="60dvh" style={{ overflowY: 'auto' }}>
        <Menu.Item leftSection={<IconBookmarkPlus size={16} />} onClick={handleSave}>
          {t('search.save')}
        </Menu.Item>
        <Menu.Divider />
        <Menu.Label>{t('search.saved')}</Menu.Label>
        {items.length === 0 && (
          <Text size="sm" c="dimmed" px="sm" pb="xs">
            {t('search.noSaved')}
          </Text>
        )}
        {items.map((one) => (
          <SavedItem key={one.id} saved={one} state={state} onRun={() => onRun(fromSaved(one.query))} />
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function SavedItem({ saved, state, onRun }: { saved: SavedSearch; state: SearchState; onRun: () => void }) {
  return (
    <Group gap={0} wrap="nowrap">
      <Menu.Item onClick={onRun} flex={1} miw={0}>
        <Text size="sm" truncate>
          {saved.name}
        </Text>
      </Menu.Item>
      <SavedActions saved={saved} state={state} />
    </Group>
  );
}

/** Renames, replaces and deletes. `state`: what is shown, to put in its place. */
export function SavedActions({ saved, state }: { saved: SavedSearch; state?: SearchState }) {
  const { t } = useTranslation();
  const update = useUpdateSavedSearch();
  const remove = useDeleteSavedSearch();
  const rename = () =>
    openNameDialog({
      title: t('search.renameSaved'),
      label: t('search.saveName'),
      initial: saved.name,
      submit: t('common.rename'),
      onSubmit: (name) => update.mutateAsync({ id: saved.id, name }),
    });
  const replace = (state: SearchState) =>
    update.mutate(
      // What a list of records shows of it stays.
      { id: saved.id, query: { ...toSaved(state), ...(saved.query.view ? { view: saved.query.view } : {}) } },
      { onSuccess: () => notifyDone(t('search.savedDone', { name: saved.name })), onError: notifyError },
    );
  const ask = () =>
    modals.openConfirmModal({
      title: t('search.deleteSavedTitle', { name: saved.name }),
      labels: { confirm: t('common.delete'), cancel: t('common.cancel') },
      confirmProps: { color: 'red' },
      onConfirm: () => remove.mutate(saved.id, { onError: notifyError }),
    });
  const button = (label: string, icon: React.ReactNode, onClick: () => void) => (
    <ActionIcon variant="subtle" color="gray" aria-label={`${label}：${saved.name}`} title={label} onClick={onClick}>
      {icon}
    </ActionIcon>
  );
  return (
    <Group gap={0} wrap="nowrap">
      {state && button(t('search.replaceSaved'), <IconDeviceFloppy size={16} />, () => replace(state))}
      {button(t('common.rename'), <IconPencil size={16} />, rename)}
      {button(t('common.delete'), <IconTrash size={16} />, ask)}
    </Group>
  );
}
