import { Popover, Table, Text, UnstyledButton } from '@mantine/core';
import { IconKeyboard } from '@tabler/icons-react';
import type { Editor } from '@tiptap/react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { countText, type Counts } from '../count/words';
import { countSheets } from './sheets';
import classes from './StatusBar.module.css';

/** Counting waits until the writer pauses. */
const PAUSE_MS = 250;
const LEAF = '\ufffc';

interface Told {
  all: Counts;
  chosen: Counts | null;
  paragraphs: number;
  /** `null` where the screen is too narrow to tell. */
  sheets: number | null;
}

function tell(editor: Editor): Told {
  const { doc, selection } = editor.state;
  let paragraphs = 0;
  doc.descendants((node) => {
    if (node.isTextblock && node.content.size > 0) paragraphs += 1;
    return !node.isTextblock;
  });
  const text = (from: number, to: number) => doc.textBetween(from, to, '\n', (leaf) => (leaf.type.name === 'mention' ? `@${leaf.attrs.label}` : LEAF));
  return {
    all: countText(text(0, doc.content.size)),
    chosen: selection.empty ? null : countText(text(selection.from, selection.to)),
    paragraphs,
    sheets: countSheets(editor.view.dom),
  };
}

function useTold(editor: Editor): Told {
  const [told, setTold] = useState(() => tell(editor));
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const schedule = () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        if (!editor.isDestroyed) setTold(tell(editor));
      }, PAUSE_MS);
    };
    editor.on('transaction', schedule);
    window.addEventListener('resize', schedule);
    schedule();
    return () => {
      clearTimeout(timer);
      editor.off('transaction', schedule);
      window.removeEventListener('resize', schedule);
    };
  }, [editor]);
  return told;
}

/** How long the text is, at the foot of the page. */
export function StatusBar({ editor, onShortcuts }: { editor: Editor; onShortcuts: () => void }) {
  const { t, i18n } = useTranslation();
  const { all, chosen, paragraphs, sheets } = useTold(editor);
  const number = new Intl.NumberFormat(i18n.language).format;
  const rows: [string, number][] = [
    [t('editor.countWords'), (chosen ?? all).words],
    [t('editor.countCharacters'), (chosen ?? all).characters],
    [t('editor.countWithSpaces'), (chosen ?? all).charactersWithSpaces],
    [t('editor.countChinese'), (chosen ?? all).chinese],
    [t('editor.countParagraphs'), paragraphs],
  ];
  return (
    <div role="group" className={classes.bar} aria-label={t('editor.statusBar')}>
      <Popover shadow="md" position="top-start" withArrow>
        <Popover.Target>
          <UnstyledButton className={classes.item}>
            {chosen ? t('editor.wordsChosen', { chosen: number(chosen.words), words: number(all.words) }) : t('editor.words', { words: number(all.words) })}
          </UnstyledButton>
        </Popover.Target>
        <Popover.Dropdown p="xs">
          <Text size="sm" fw={600} mb={4}>
            {chosen ? t('editor.countChosen') : t('editor.countAll')}
          </Text>
          <Table withRowBorders={false} verticalSpacing={2} fz="sm">
            <Table.Tbody>
              {rows.map(([name, value]) => (
                <Table.Tr key={name}>
                  <Table.Td>{name}</Table.Td>
                  <Table.Td ta="right">{number(value)}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Popover.Dropdown>
      </Popover>
      <span className={classes.item}>{t('editor.paragraphs', { number: number(paragraphs) })}</span>
      {sheets !== null && <span className={classes.item}>{t('editor.sheets', { number: number(sheets) })}</span>}
      <UnstyledButton className={classes.keys} onClick={onShortcuts}>
        <IconKeyboard size={16} aria-hidden />
        {t('editor.shortcuts')}
      </UnstyledButton>
    </div>
  );
}
