import { ActionIcon, Button, Menu, Text } from '@mantine/core';
import { IconBookmark, IconBookmarkPlus, IconCheck, IconDeviceFloppy, IconTrash } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useDeleteSavedSearch } from '../search/api';
import { openNameDialog } from '../../shared/NameDialog';
import { notifyDone, notifyError } from '../../shared/notify';
import type { Column } from './columns';
import { isEmptyQuery, sameQuery, type RecordQuery } from './query';
import { useSavedFilters, useSaveFilter, type SavedFilter } from './saved';

interface Props {
  folderId: string;
  query: RecordQuery;
  columns: Column[];
  onApply: (filter: SavedFilter) => void;
}

/** Filters with a name: chosen, made, written anew and removed. */
export function SavedFilters({ folderId, query, columns, onApply }: Props) {
  const { t } = useTranslation();
  const filters = useSavedFilters(folderId);
  const save = useSaveFilter(folderId);
  const remove = useDeleteSavedSearch();
  const applied = filters.find((one) => sameQuery({ ...one.query, sort: null }, { ...query, sort: null }));

  const handleSave = () =>
    openNameDialog({
      title: t('records.saveFilter'),
      label: t('records.filterName'),
      submit: t('common.save'),
      onSubmit: async (name) => {
        await save.create(name, query, columns);
        notifyDone(t('records.filterSaved', { name }));
      },
    });

  const handleUpdate = async (filter: SavedFilter) => {
    try {
      await save.update(filter, query.sort, columns);
      notifyDone(t('records.filterSaved', { name: filter.name }));
    } catch (error) {
      notifyError(error);
    }
  };

  return (
    <Menu position="bottom-start" width={260} withinPortal shadow="md">
      <Menu.Target>
        <Button variant={applied ? 'light' : 'default'} size="sm" leftSection={<IconBookmark size={18} stroke={1.6} />} maw={220}>
          {applied ? applied.name : t('records.savedFilters')}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {filters.length === 0 && (
          <Text size="xs" c="dimmed" px="sm" py={6}>
            {t('records.noSavedFilters')}
          </Text>
        )}
        {filters.map((filter) => (
          <div key={filter.id} style={{ display: 'flex', alignItems: 'center' }}>
            <Menu.Item flex={1} leftSection={<IconCheck size={16} style={{ visibility: filter === applied ? 'visible' : 'hidden' }} />} onClick={() => onApply(filter)}>
              {filter.name}
            </Menu.Item>
            <ActionIcon
              variant="subtle"
              color="gray"
              aria-label={t('records.deleteFilter', { name: filter.name })}
              onClick={() => remove.mutate(filter.id, { onError: notifyError })}
            >
              <IconTrash size={15} />
            </ActionIcon>
          </div>
        ))}
        <Menu.Divider />
        <Menu.Item leftSection={<IconBookmarkPlus size={16} />} disabled={isEmptyQuery(query) && !query.sort} onClick={handleSave}>
          {t('records.saveCurrent')}
        </Menu.Item>
        {applied && (
          <Menu.Item
            leftSection={<IconDeviceFloppy size={16} />}
            onClick={() => void handleUpdate(applied)}
          >
            {t('records.saveColumns')}
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
