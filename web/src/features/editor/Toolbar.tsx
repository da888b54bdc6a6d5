import { ActionIcon, Button, Divider, FileButton, Group, Menu, Popover, ScrollArea, Select, TextInput, Tooltip } from '@mantine/core';
import {
  IconAlignCenter,
  IconAlignLeft,
  IconAlignRight,
  IconArrowBackUp,
  IconArrowForwardUp,
  IconBlockquote,
  IconBold,
  IconCode,
  IconHighlight,
  IconItalic,
  IconLineDashed,
  IconLink,
  IconList,
  IconListCheck,
  IconListNumbers,
  IconPhoto,
  IconSourceCode,
  IconStrikethrough,
  IconTable,
  IconUnderline,
} from '@tabler/icons-react';
import { useEditorState, type Editor } from '@tiptap/react';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import classes from './editor.module.css';

interface ButtonProps {
  label: string;
  icon: ReactNode;
  active?: boolean;
  disabled?: boolean;
  onClick: () => void;
}

function ToolbarButton({ label, icon, active, disabled, onClick }: ButtonProps) {
  return (
    <Tooltip label={label} openDelay={500}>
      <ActionIcon
        variant={active ? 'light' : 'subtle'}
        color={active ? undefined : 'gray'}
        size={34}
        aria-label={label}
        aria-pressed={active}
        disabled={disabled}
        // Keeps the selection in the text.
        onMouseDown={(event) => event.preventDefault()}
        onClick={onClick}
      >
        {icon}
      </ActionIcon>
    </Tooltip>
  );
}

function BlockSelect({ editor }: { editor: Editor }) {
  const { t } = useTranslation();
  const level = useEditorState({
    editor,
    selector: ({ editor }) => [1, 2, 3, 4].find((level) => editor.isActive('heading', { level })) ?? 0,
  });
  return (
    <Select
      aria-label={t('editor.style')}
      w={112}
      flex="none"
      size="xs"
      allowDeselect={false}
      value={String(level)}
      data={[0, 1, 2, 3, 4].map((value) => ({
        value: String(value),
        label: value === 0 ? t('editor.paragraph') : t('editor.heading', { level: value }),
      }))}
      onChange={(value) => {
        const chain = editor.chain().focus();
        if (value === '0') chain.setParagraph().run();
        else chain.setHeading({ level: Number(value) as 1 | 2 | 3 | 4 }).run();
      }}
    />
  );
}

function LinkButton({ editor }: { editor: Editor }) {
  const { t } = useTranslation();
  const [opened, setOpened] = useState(false);
  const [href, setHref] = useState('');
  const active = useEditorState({ editor, selector: ({ editor }) => editor.isActive('link') });

  const handleApply = () => {
    const address = href.trim();
    const chain = editor.chain().focus().extendMarkRange('link');
    if (!address) chain.unsetLink().run();
    else {
      const target = /^[a-z][a-z0-9+.-]*:|^\//i.test(address) ? address : `https://${address}`;
      if (editor.state.selection.empty && !active) chain.insertContent({ type: 'text', text: address, marks: [{ type: 'link', attrs: { href: target } }] }).run();
      else chain.setLink({ href: target }).run();
    }
    setOpened(false);
  };

  return (
    <Popover opened={opened} onChange={setOpened} trapFocus withArrow shadow="md">
      <Popover.Target>
        <span>
          <ToolbarButton
            label={t('editor.link')}
            icon={<IconLink size={18} />}
            active={active}
            onClick={() => {
              setHref(String(editor.getAttributes('link').href ?? ''));
              setOpened(!opened);
            }}
          />
        </span>
      </Popover.Target>
      <Popover.Dropdown>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            handleApply();
          }}
        >
          <Group gap="xs" align="end" wrap="nowrap">
            <TextInput label={t('editor.linkAddress')} value={href} onChange={(event) => setHref(event.currentTarget.value)} placeholder="https://" data-autofocus />
            <Button type="submit">{t('common.confirm')}</Button>
          </Group>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}

function TableMenu({ editor }: { editor: Editor }) {
  const { t } = useTranslation();
  const active = useEditorState({ editor, selector: ({ editor }) => editor.isActive('table') });
  const run = () => editor.chain().focus();
  return (
    <Menu shadow="md" withinPortal>
      <Menu.Target>
        <Tooltip label={t('editor.table')} openDelay={500}>
          <ActionIcon variant={active ? 'light' : 'subtle'} color={active ? undefined : 'gray'} size={34} aria-label={t('editor.table')}>
            <IconTable size={18} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item disabled={active} onClick={() => run().insertTable({ rows: 3, cols: 3, withHeaderRow: true }).run()}>
          {t('editor.insertTable')}
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item disabled={!active} onClick={() => run().addRowAfter().run()}>{t('editor.addRow')}</Menu.Item>
        <Menu.Item disabled={!active} onClick={() => run().addColumnAfter().run()}>{t('editor.addColumn')}</Menu.Item>
        <Menu.Item disabled={!active} onClick={() => run().deleteRow().run()}>{t('editor.deleteRow')}</Menu.Item>
        <Menu.Item disabled={!active} onClick={() => run().deleteColumn().run()}>{t('editor.deleteColumn')}</Menu.Item>
        <Menu.Item disabled={!active} onClick={() => run().mergeOrSplit().run()}>{t('editor.mergeCells')}</Menu.Item>
        <Menu.Item disabled={!active} onClick={() => run().toggleHeaderRow().run()}>{t('editor.headerRow')}</Menu.Item>
        <Menu.Divider />
        <Menu.Item disabled={!active} color="red" onClick={() => run().deleteTable().run()}>{t('editor.deleteTable')}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

interface Props {
  editor: Editor;
  onPicture: (file: File) => void;
}

/** The commands of the editor; on a narrow screen it scrolls sideways. */
export function Toolbar({ editor, onPicture }: Props) {
  const { t } = useTranslation();
  const state = useEditorState({
    editor,
    selector: ({ editor }) => ({
      bold: editor.isActive('bold'),
      italic: editor.isActive('italic'),
      underline: editor.isActive('underline'),
      strike: editor.isActive('strike'),
      code: editor.isActive('code'),
      highlight: editor.isActive('highlight'),
      bulletList: editor.isActive('bulletList'),
      orderedList: editor.isActive('orderedList'),
      taskList: editor.isActive('taskList'),
      blockquote: editor.isActive('blockquote'),
      codeBlock: editor.isActive('codeBlock'),
      center: editor.isActive({ textAlign: 'center' }),
      right: editor.isActive({ textAlign: 'right' }),
      undo: editor.can().undo(),
      redo: editor.can().redo(),
    }),
  });
  const run = () => editor.chain().focus();
  return (
    <ScrollArea scrollbars="x" type="auto" scrollbarSize={4} className={classes.toolbar}>
      <Group role="toolbar" aria-label={t('editor.toolbar')} gap={2} wrap="nowrap" px="xs" py={4}>
        <ToolbarButton label={t('editor.undo')} icon={<IconArrowBackUp size={18} />} disabled={!state.undo} onClick={() => run().undo().run()} />
        <ToolbarButton label={t('editor.redo')} icon={<IconArrowForwardUp size={18} />} disabled={!state.redo} onClick={() => run().redo().run()} />
        <Divider orientation="vertical" mx={4} />
        <BlockSelect editor={editor} />
        <ToolbarButton label={t('editor.bold')} icon={<IconBold size={18} />} active={state.bold} onClick={() => run().toggleBold().run()} />
        <ToolbarButton label={t('editor.italic')} icon={<IconItalic size={18} />} active={state.italic} onClick={() => run().toggleItalic().run()} />
        <ToolbarButton label={t('editor.underline')} icon={<IconUnderline size={18} />} active={state.underline} onClick={() => run().toggleUnderline().run()} />
        <ToolbarButton label={t('editor.strike')} icon={<IconStrikethrough size={18} />} active={state.strike} onClick={() => run().toggleStrike().run()} />
        <ToolbarButton label={t('editor.highlight')} icon={<IconHighlight size={18} />} active={state.highlight} onClick={() => run().toggleHighlight().run()} />
        <ToolbarButton label={t('editor.code')} icon={<IconCode size={18} />} active={state.code} onClick={() => run().toggleCode().run()} />
        <LinkButton editor={editor} />
        <Divider orientation="vertical" mx={4} />
        <ToolbarButton label={t('editor.bulletList')} icon={<IconList size={18} />} active={state.bulletList} onClick={() => run().toggleBulletList().run()} />
        <ToolbarButton label={t('editor.orderedList')} icon={<IconListNumbers size={18} />} active={state.orderedList} onClick={() => run().toggleOrderedList().run()} />
        <ToolbarButton label={t('editor.taskList')} icon={<IconListCheck size={18} />} active={state.taskList} onClick={() => run().toggleTaskList().run()} />
        <ToolbarButton label={t('editor.blockquote')} icon={<IconBlockquote size={18} />} active={state.blockquote} onClick={() => run().toggleBlockquote().run()} />
        <ToolbarButton label={t('editor.codeBlock')} icon={<IconSourceCode size={18} />} active={state.codeBlock} onClick={() => run().toggleCodeBlock().run()} />
        <Divider orientation="vertical" mx={4} />
        <ToolbarButton label={t('editor.alignLeft')} icon={<IconAlignLeft size={18} />} active={!state.center && !state.right} onClick={() => run().unsetTextAlign().run()} />
        <ToolbarButton label={t('editor.alignCenter')} icon={<IconAlignCenter size={18} />} active={state.center} onClick={() => run().setTextAlign('center').run()} />
        <ToolbarButton label={t('editor.alignRight')} icon={<IconAlignRight size={18} />} active={state.right} onClick={() => run().setTextAlign('right').run()} />
        <Divider orientation="vertical" mx={4} />
        <TableMenu editor={editor} />
        <FileButton accept="image/png,image/jpeg,image/gif,image/webp,image/bmp" onChange={(file) => file && onPicture(file)}>
          {(props) => <ToolbarButton label={t('editor.image')} icon={<IconPhoto size={18} />} onClick={props.onClick} />}
        </FileButton>
        <ToolbarButton label={t('editor.rule')} icon={<IconLineDashed size={18} />} onClick={() => run().setHorizontalRule().run()} />
      </Group>
    </ScrollArea>
  );
}
