// How do paragraphs stand? Lists, numbering, alignment, indent.
import { Menu, NumberInput, Text } from '@mantine/core';
import {
  IconAlignCenter,
  IconAlignJustified,
  IconAlignLeft,
  IconAlignRight,
  IconIndentDecrease,
  IconIndentIncrease,
  IconList,
  IconListCheck,
  IconListNumbers,
} from '@tabler/icons-react';
import { useEditorState, type Editor } from '@tiptap/react';
import { useTranslation } from 'react-i18next';
import { NUMBERING_SAMPLES, NUMBERINGS, type Numbering } from '../schema/lists';
import { keys, ToolbarButton, ToolbarGroup, ToolbarMenu } from './controls';

export function ListTools({ editor }: { editor: Editor }) {
  const { t } = useTranslation();
  const state = useEditorState({
    editor,
    selector: ({ editor }) => ({
      bulletList: editor.isActive('bulletList'),
      orderedList: editor.isActive('orderedList'),
      taskList: editor.isActive('taskList'),
      numbering: editor.isActive('orderedList') ? ((editor.getAttributes('orderedList').type as Numbering) ?? 'decimal') : null,
      start: Number(editor.getAttributes('orderedList').start ?? 1),
    }),
  });
  const run = () => editor.chain().focus();
  return (
    <ToolbarGroup label={t('editor.groupLists')}>
      <ToolbarButton label={t('editor.bulletList')} shortcut={keys('Mod', 'Shift', '8')} icon={<IconList size={18} />} active={state.bulletList} onClick={() => run().toggleBulletList().run()} />
      <ToolbarButton label={t('editor.orderedList')} shortcut={keys('Mod', 'Shift', '7')} icon={<IconListNumbers size={18} />} active={state.orderedList} onClick={() => run().toggleOrderedList().run()} />
      <ToolbarMenu label={t('editor.numbering')} icon={null} arrowOnly>
        {NUMBERINGS.map((type) => {
          const name = type ?? 'decimal';
          return (
            <Menu.Item key={name} fw={state.numbering === name ? 600 : undefined} onClick={() => run().setNumbering(type).run()}>
              {NUMBERING_SAMPLES[name]}
            </Menu.Item>
          );
        })}
        <Menu.Divider />
        <Menu.Label>
          <NumberInput
            size="xs"
            label={t('editor.numberingStart')}
            min={0}
            max={9999}
            disabled={!state.orderedList}
            value={state.start}
            onChange={(start) => typeof start === 'number' && editor.commands.setNumberingStart(start)}
          />
        </Menu.Label>
      </ToolbarMenu>
      <ToolbarButton label={t('editor.taskList')} shortcut={keys('Mod', 'Shift', '9')} icon={<IconListCheck size={18} />} active={state.taskList} onClick={() => run().toggleTaskList().run()} />
    </ToolbarGroup>
  );
}

const ALIGNMENTS = [
  { side: 'left', Icon: IconAlignLeft, label: 'editor.alignLeft', key: 'L' },
  { side: 'center', Icon: IconAlignCenter, label: 'editor.alignCenter', key: 'E' },
  { side: 'right', Icon: IconAlignRight, label: 'editor.alignRight', key: 'R' },
  { side: 'justify', Icon: IconAlignJustified, label: 'editor.alignJustify', key: 'J' },
] as const;

/** Moves list items a level, other paragraphs by two characters. */
export function moveIn(editor: Editor, step: 1 | -1): void {
  const item = ['listItem', 'taskItem'].find((name) => editor.isActive(name));
  const chain = editor.chain().focus();
  if (item) (step === 1 ? chain.sinkListItem(item) : chain.liftListItem(item)).run();
  else (step === 1 ? chain.indent() : chain.outdent()).run();
}

export function AlignTools({ editor }: { editor: Editor }) {
  const { t } = useTranslation();
  const current = useEditorState({ editor, selector: ({ editor }) => ALIGNMENTS.find(({ side }) => editor.isActive({ textAlign: side }))?.side ?? 'left' });
  const { Icon } = ALIGNMENTS.find(({ side }) => side === current)!;
  return (
    <ToolbarGroup label={t('editor.groupParagraph')}>
      <ToolbarMenu label={t('editor.align')} icon={<Icon size={18} />}>
        {ALIGNMENTS.map(({ side, Icon, label, key }) => (
          <Menu.Item
            key={side}
            leftSection={<Icon size={16} />}
            fw={side === current ? 600 : undefined}
            rightSection={<Text size="xs" c="dimmed">{keys('Mod', 'Shift', key)}</Text>}
            onClick={() => (side === 'left' ? editor.chain().focus().unsetTextAlign().run() : editor.chain().focus().setTextAlign(side).run())}
          >
            {t(label)}
          </Menu.Item>
        ))}
      </ToolbarMenu>
      <ToolbarButton label={t('editor.outdent')} shortcut={keys('Shift', 'Tab')} icon={<IconIndentDecrease size={18} />} onClick={() => moveIn(editor, -1)} />
      <ToolbarButton label={t('editor.indent')} shortcut={keys('Tab')} icon={<IconIndentIncrease size={18} />} onClick={() => moveIn(editor, 1)} />
    </ToolbarGroup>
  );
}
