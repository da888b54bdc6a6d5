import { ActionIcon, Button, Checkbox, Divider, Group, Popover, Text } from '@mantine/core';
import { IconArrowDown, IconArrowUp, IconColumns3 } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import arrow from './arrow.module.css';
import { allColumns, defaultColumns, moveColumn, toggleColumn, type Column } from './columns';
import { columnLabel } from './table/cells';
import type { Property } from './types';

interface Props {
  columns: Column[];
  properties: Property[];
  onColumns: (columns: Column[] | null) => void;
}

/** Which columns are shown, and in which order. */
export function ColumnChooser({ columns, properties, onColumns }: Props) {
  const { t } = useTranslation();
  const shown = columns.map((one) => one.key);
  const hidden = allColumns(properties).filter((key) => !shown.includes(key));
  return (
    <Popover position="bottom-end" width={280} shadow="md" withinPortal trapFocus>
      <Popover.Target>
        <Button variant="default" size="sm" leftSection={<IconColumns3 size={18} stroke={1.6} />}>
          {t('records.columns')}
        </Button>
      </Popover.Target>
      <Popover.Dropdown p="xs" mah="min(70vh, 560px)" style={{ overflowY: 'auto' }}>
        {shown.map((key, index) => (
          <Group key={key} gap={2} wrap="nowrap" mih={34} px={4}>
            <Checkbox size="xs" flex={1} label={columnLabel(t, key, properties)} checked disabled={key === 'name'} onChange={() => onColumns(toggleColumn(columns, key))} />
            {key !== 'name' && (
              <>
                <ActionIcon
                  className={arrow.arrow}
                  variant="subtle"
                  color="gray"
                  size="sm"
                  aria-label={t('records.moveUp', { name: columnLabel(t, key, properties) })}
                  disabled={index < 2}
                  onClick={() => onColumns(moveColumn(columns, key, -1))}
                >
                  <IconArrowUp size={15} />
                </ActionIcon>
                <ActionIcon
                  className={arrow.arrow}
                  variant="subtle"
                  color="gray"
                  size="sm"
                  aria-label={t('records.moveDown', { name: columnLabel(t, key, properties) })}
                  disabled={index === shown.length - 1}
                  onClick={() => onColumns(moveColumn(columns, key, 1))}
                >
                  <IconArrowDown size={15} />
                </ActionIcon>
              </>
            )}
          </Group>
        ))}
        {hidden.length > 0 && (
          <>
            <Divider my={6} label={<Text size="xs">{t('records.hiddenColumns')}</Text>} labelPosition="left" />
            {hidden.map((key) => (
              <Group key={key} mih={34} px={4}>
                <Checkbox size="xs" label={columnLabel(t, key, properties)} checked={false} onChange={() => onColumns(toggleColumn(columns, key))} />
              </Group>
            ))}
          </>
        )}
        <Divider my={6} />
        <Button size="compact-sm" variant="subtle" color="gray" fullWidth disabled={sameColumns(columns, defaultColumns(properties))} onClick={() => onColumns(null)}>
          {t('records.usualColumns')}
        </Button>
      </Popover.Dropdown>
    </Popover>
  );
}

function sameColumns(one: Column[], other: Column[]): boolean {
  return one.length === other.length && one.every((column, index) => column.key === other[index]!.key && column.width === other[index]!.width);
}
