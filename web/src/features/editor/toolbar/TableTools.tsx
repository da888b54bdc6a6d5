// Tables: how large a new one is, and what can be done with one.
import { Menu, Popover, Text, UnstyledButton } from '@mantine/core';
import {
  IconArrowMerge,
  IconArrowsSplit,
  IconColumnInsertLeft,
  IconColumnInsertRight,
  IconColumnRemove,
  IconRowInsertBottom,
  IconRowInsertTop,
  IconRowRemove,
  IconTable,
  IconTableColumn,
  IconTableRow,
  IconTrash,
} from '@tabler/icons-react';
import { useEditorState, type Editor } from '@tiptap/react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { keepSelection, ToolbarButton, ToolbarMenu } from './controls';
import classes from './toolbar.module.css';

const ROWS = 8;
const COLUMNS = 8;

/** A raster: the cell under the pointer is the last one of the new table. */
function SizePicker({ onPick }: { onPick: (rows: number, cols: number) => void }) {
  const { t } = useTranslation();
  const [[rows, cols], setSize] = useState([3, 3]);
  return (
    <div role="group" aria-label={t('editor.insertTable')}>
      <Text size="sm" mb={6} ta="center">
        {t('editor.tableSize', { rows, cols })}
      </Text>
      <div className={classes.raster}>
        {Array.from({ length: ROWS * COLUMNS }, (_, index) => {
          const [row, col] = [Math.floor(index / COLUMNS) + 1, (index % COLUMNS) + 1];
          return (
            <UnstyledButton
              key={index}
              className={classes.cell}
              data-inside={(row <= rows && col <= cols) || undefined}
              aria-label={t('editor.tableSize', { rows: row, cols: col })}
              onMouseDown={keepSelection}
              onMouseEnter={() => setSize([row, col])}
              onFocus={() => setSize([row, col])}
              onClick={() => onPick(row, col)}
            />
          );
        })}
      </div>
    </div>
  );
}

/** Everything that can be done with the table at the cursor. */
export function tableActions(editor: Editor) {
  const run = () => editor.chain().focus();
  return {
    rows: [
      { label: 'editor.addRowBefore', Icon: IconRowInsertTop, action: () => run().addRowBefore().run() },
      { label: 'editor.addRow', Icon: IconRowInsertBottom, action: () => run().addRowAfter().run() },
      { label: 'editor.deleteRow', Icon: IconRowRemove, action: () => run().deleteRow().run() },
    ],
    columns: [
      { label: 'editor.addColumnBefore', Icon: IconColumnInsertLeft, action: () => run().addColumnBefore().run() },
      { label: 'editor.addColumn', Icon: IconColumnInsertRight, action: () => run().addColumnAfter().run() },
      { label: 'editor.deleteColumn', Icon: IconColumnRemove, action: () => run().deleteColumn().run() },
    ],
    cells: [
      { label: 'editor.mergeCells', Icon: IconArrowMerge, action: () => run().mergeCells().run() },
      { label: 'editor.splitCell', Icon: IconArrowsSplit, action: () => run().splitCell().run() },
    ],
    headers: [
      { label: 'editor.headerRow', Icon: IconTableRow, action: () => run().toggleHeaderRow().run() },
      { label: 'editor.headerColumn', Icon: IconTableColumn, action: () => run().toggleHeaderColumn().run() },
    ],
    table: [{ label: 'editor.deleteTable', Icon: IconTrash, action: () => run().deleteTable().run() }],
  } as const;
}

export function TableButton({ editor }: { editor: Editor }) {
  const { t } = useTranslation();
  const [opened, setOpened] = useState(false);
  const state = useEditorState({
    editor,
    selector: ({ editor }) => ({
      active: editor.isActive('table'),
      merge: editor.can().mergeCells(),
      split: editor.can().splitCell(),
    }),
  });

  if (!state.active) {
    return (
      <Popover opened={opened} onChange={setOpened} shadow="md" position="bottom-start" trapFocus>
        <Popover.Target>
          <span>
            <ToolbarButton label={t('editor.table')} icon={<IconTable size={18} />} onClick={() => setOpened(!opened)} />
          </span>
        </Popover.Target>
        <Popover.Dropdown p="xs">
          <SizePicker
            onPick={(rows, cols) => {
              setOpened(false);
              editor.chain().focus().insertTable({ rows, cols, withHeaderRow: true }).run();
            }}
          />
        </Popover.Dropdown>
      </Popover>
    );
  }
  const disabled: Record<string, boolean> = { 'editor.mergeCells': !state.merge, 'editor.splitCell': !state.split };
  return (
    <ToolbarMenu label={t('editor.table')} icon={<IconTable size={18} />} active>
      {Object.values(tableActions(editor)).map((group, index) => [
        index > 0 && <Menu.Divider key={`before-${index}`} />,
        ...group.map(({ label, Icon, action }) => (
          <Menu.Item key={label} leftSection={<Icon size={16} />} disabled={disabled[label]} onClick={action}>
            {t(label)}
          </Menu.Item>
        )),
      ])}
    </ToolbarMenu>
  );
}
