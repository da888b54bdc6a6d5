// The commands of the editor in groups: what has no room in the row waits in a second one.
import { Group } from '@mantine/core';
import { IconArrowBackUp, IconArrowForwardUp, IconChevronsDown, IconChevronsUp, IconSearch } from '@tabler/icons-react';
import { useEditorState, type Editor } from '@tiptap/react';
import { Fragment, useLayoutEffect, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { keys, Separator, ToolbarButton, ToolbarGroup } from './controls';
import { InsertTools } from './InsertTools';
import { AlignTools, ListTools } from './ParagraphTools';
import { FontSelect, FormatTools, SizeSelect, StyleSelect, TextTools } from './TextTools';
import classes from './toolbar.module.css';

/** Some buttons that stay together. */
export interface ToolGroup {
  id: string;
  /** Pixels that it takes. */
  width: number;
  tools: ReactNode;
}

interface Props {
  editor: Editor;
  onPictures: (files: File[]) => void;
  onTemplate: () => void;
  /** Groups of other features; they come right behind undo and redo. */
  extra?: ToolGroup[];
}

const SEPARATOR = 9;
const MORE = 44;
const PADDING = 20;

/** How many groups have room in a row of this width. */
function fitting(groups: ToolGroup[], available: number): number {
  let used = PADDING;
  const all = groups.reduce((sum, { width }) => sum + width + SEPARATOR, PADDING);
  if (all <= available) return groups.length;
  const count = groups.findIndex(({ width }) => (used += width + SEPARATOR) > available - MORE);
  return Math.max(1, count);
}

function useWidth() {
  const ref = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(10_000);
  useLayoutEffect(() => {
    const element = ref.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    setWidth(element.clientWidth);
    return () => observer.disconnect();
  }, []);
  return [ref, width] as const;
}

/** Arrow keys go from tool to tool, as in every toolbar. */
function handleArrows(event: KeyboardEvent<HTMLElement>): void {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const target = event.target as HTMLElement;
  if (!step || target instanceof HTMLInputElement || target.closest('[role=menu], [role=dialog]')) return;
  const tools = [...event.currentTarget.querySelectorAll<HTMLElement>('button:not(:disabled), input')];
  const next = tools[tools.indexOf(target) + step];
  if (next) {
    event.preventDefault();
    next.focus();
  }
}

function UndoTools({ editor }: { editor: Editor }) {
  const { t } = useTranslation();
  const state = useEditorState({ editor, selector: ({ editor }) => ({ undo: editor.can().undo(), redo: editor.can().redo() }) });
  return (
    <ToolbarGroup label={t('editor.groupHistory')}>
      <ToolbarButton label={t('editor.undo')} shortcut={keys('Mod', 'Z')} icon={<IconArrowBackUp size={18} />} disabled={!state.undo} onClick={() => editor.chain().focus().undo().run()} />
      <ToolbarButton label={t('editor.redo')} shortcut={keys('Mod', 'Y')} icon={<IconArrowForwardUp size={18} />} disabled={!state.redo} onClick={() => editor.chain().focus().redo().run()} />
    </ToolbarGroup>
  );
}

export function Toolbar({ editor, onPictures, onTemplate, extra = [] }: Props) {
  const { t } = useTranslation();
  const [ref, width] = useWidth();
  const [more, setMore] = useState(false);
  const groups: ToolGroup[] = [
    { id: 'undo', width: 70, tools: <UndoTools editor={editor} /> },
    { id: 'style', width: 118, tools: <StyleSelect editor={editor} /> },
    { id: 'text', width: 226, tools: <TextTools editor={editor} /> },
    ...extra,
    { id: 'lists', width: 126, tools: <ListTools editor={editor} /> },
    { id: 'insert', width: 152, tools: <InsertTools editor={editor} onPictures={onPictures} onTemplate={onTemplate} /> },
    {
      id: 'font',
      width: 180,
      tools: (
        <ToolbarGroup label={t('editor.font')}>
          <FontSelect editor={editor} />
          <SizeSelect editor={editor} />
        </ToolbarGroup>
      ),
    },
    { id: 'paragraph', width: 116, tools: <AlignTools editor={editor} /> },
    { id: 'format', width: 70, tools: <FormatTools editor={editor} /> },
    {
      id: 'find',
      width: 34,
      tools: <ToolbarButton label={t('editor.find')} shortcut={keys('Mod', 'F')} icon={<IconSearch size={18} />} onClick={() => editor.commands.openFind('find')} />,
    },
  ];
  const room = fitting(groups, width);
  const row = (shown: ToolGroup[]) =>
    shown.map(({ id, tools }, index) => (
      <Fragment key={id}>
        {index > 0 && <Separator />}
        {tools}
      </Fragment>
    ));
  const rest = groups.slice(room);
  return (
    <div ref={ref} className={classes.toolbar} role="toolbar" aria-label={t('editor.toolbar')} onKeyDown={handleArrows}>
      <Group gap={0} wrap="nowrap" px={8} py={4}>
        {row(groups.slice(0, room))}
        {rest.length > 0 && (
          <div className={classes.more}>
            <ToolbarButton
              label={t(more ? 'editor.lessTools' : 'editor.moreTools')}
              icon={more ? <IconChevronsUp size={18} /> : <IconChevronsDown size={18} />}
              active={more}
              onClick={() => setMore(!more)}
            />
          </div>
        )}
      </Group>
      {more && rest.length > 0 && (
        <Group gap={0} px={8} pb={4} className={classes.second}>
          {row(rest)}
        </Group>
      )}
    </div>
  );
}
