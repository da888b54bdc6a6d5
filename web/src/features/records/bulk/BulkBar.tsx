// What can be done with the chosen records; stands where the tools are otherwise.
import { Button, CloseButton, Text } from '@mantine/core';
import { IconDownload, IconEdit, IconFolderSymlink, IconTrash } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import classes from './bulkBar.module.css';

interface Props {
  count: number;
  total: number;
  onSelectAll?: () => void;
  onClear: () => void;
  onEdit?: () => void;
  onDownload?: () => void;
  onMove?: () => void;
  onDelete?: () => void;
}

export function BulkBar({ count, total, onSelectAll, onClear, onEdit, onDownload, onMove, onDelete }: Props) {
  const { t } = useTranslation();
  return (
    <div className={classes.bar} role="toolbar" aria-label={t('records.bulkBar')}>
      <CloseButton aria-label={t('records.clearSelection')} onClick={onClear} />
      <Text size="sm" fw={600} role="status">
        {t('records.selected', { count, chosen: count.toLocaleString() })}
      </Text>
      {onSelectAll && count < total && (
        <Button size="compact-sm" variant="subtle" onClick={onSelectAll}>
          {t('records.selectAllResults', { count: total, total: total.toLocaleString() })}
        </Button>
      )}
      <span className={classes.space} />
      {onEdit && (
        <Button size="sm" leftSection={<IconEdit size={17} />} onClick={onEdit}>
          {t('records.bulkEdit')}
        </Button>
      )}
      {onDownload && (
        <Button size="sm" variant="default" leftSection={<IconDownload size={17} />} onClick={onDownload}>
          {t('common.download')}
        </Button>
      )}
      {onMove && (
        <Button size="sm" variant="default" leftSection={<IconFolderSymlink size={17} />} onClick={onMove}>
          {t('common.move')}
        </Button>
      )}
      {onDelete && (
        <Button size="sm" variant="default" c="red" leftSection={<IconTrash size={17} />} onClick={onDelete}>
          {t('folders.toTrash')}
        </Button>
      )}
    </div>
  );
}
