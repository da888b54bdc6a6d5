import { ActionIcon, Button, CloseButton, Group, Text, TextInput, Tooltip } from '@mantine/core';
import { IconArrowDown, IconArrowUp, IconLetterCase, IconRegex, IconReplace } from '@tabler/icons-react';
import { useEditorState, type Editor } from '@tiptap/react';
import { useEffect, useRef, useState, type KeyboardEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { findState } from './Find';
import classes from './FindBar.module.css';
import { MATCHES_MAX } from './matches';

/** Finds, and replaces where one may write. Stands over the text as long as it is wanted. */
export function FindBar({ editor, editable }: { editor: Editor; editable: boolean }) {
  const open = useEditorState({ editor, selector: ({ editor }) => findState(editor.state).open });
  return open ? <Bar editor={editor} editable={editable} open={open} /> : null;
}

function Bar({ editor, editable, open }: { editor: Editor; editable: boolean; open: 'find' | 'replace' }) {
  const { t } = useTranslation();
  const input = useRef<HTMLInputElement>(null);
  const replaced = useRef(false);
  const [by, setBy] = useState('');
  const { query, matchCase, regex, invalid, count, current } = useEditorState({
    editor,
    selector: ({ editor }) => {
      const { matches, ...find } = findState(editor.state);
      return { ...find, count: matches.length };
    },
  });

  // Asked for again, the words are there to be typed over.
  useEffect(() => {
    input.current?.focus();
    input.current?.select();
  }, [open]);

  const show = () => requestAnimationFrame(() => editor.view.dom.querySelector('.found-current')?.scrollIntoView({ block: 'center' }));
  const go = (step: 1 | -1) => {
    editor.commands.findNext(step);
    show();
  };
  const close = () => {
    // Before the bar goes: a key that follows at once is meant for the text.
    editor.view.focus();
    editor.commands.closeFind();
  };
  const handleKey = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    const command = event.ctrlKey || event.metaKey;
    if (event.key === 'Escape') close();
    // Right after replacing, that is what is to be undone; else what was typed into the field.
    else if (command && event.key.toLowerCase() === 'z' && replaced.current) editor.commands[event.shiftKey ? 'redo' : 'undo']();
    else if (event.key === 'Enter' && event.target === input.current) go(event.shiftKey ? -1 : 1);
    else if (command && event.key.toLowerCase() === 'f') input.current?.select();
    else if (command && event.key.toLowerCase() === 'h') editor.commands.openFind('replace');
    else return;
    event.preventDefault();
  };
  const told = query === '' ? '' : invalid ? t('editor.findInvalid') : count === 0 ? t('editor.findNone') : `${current + 1} / ${count >= MATCHES_MAX ? `${count}+` : count}`;
  const option = (label: string, active: boolean, icon: React.ReactNode, onClick: () => void) => (
    <Tooltip label={label}>
      <ActionIcon variant={active ? 'light' : 'subtle'} color={active ? undefined : 'gray'} aria-label={label} aria-pressed={active} onClick={onClick}>
        {icon}
      </ActionIcon>
    </Tooltip>
  );

  return (
    <div className={classes.bar} role="search" aria-label={t('editor.findReplace')} onKeyDown={handleKey}>
      <Group gap={4} wrap="nowrap">
        <TextInput
          ref={input}
          size="xs"
          className={classes.input}
          aria-label={t('editor.findWords')}
          placeholder={t('editor.findWords')}
          value={query}
          error={invalid}
          onChange={(event) => {
            replaced.current = false;
            editor.commands.setFind({ query: event.currentTarget.value });
            show();
          }}
          autoComplete="off"
          spellCheck={false}
        />
        <Text size="xs" c={invalid ? 'red' : 'dimmed'} className={classes.count} role="status" aria-live="polite">
          {told}
        </Text>
        {option(t('editor.findPrevious'), false, <IconArrowUp size={16} />, () => go(-1))}
        {option(t('editor.findNext'), false, <IconArrowDown size={16} />, () => go(1))}
        {option(t('editor.findCase'), matchCase, <IconLetterCase size={16} />, () => editor.commands.setFind({ matchCase: !matchCase }))}
        {option(t('editor.findRegex'), regex, <IconRegex size={16} />, () => editor.commands.setFind({ regex: !regex }))}
        {editable && option(t('editor.replace'), open === 'replace', <IconReplace size={16} />, () => editor.commands.openFind(open === 'replace' ? 'find' : 'replace'))}
        <CloseButton aria-label={t('common.close')} onClick={close} />
      </Group>
      {editable && open === 'replace' && (
        <Group gap={4} wrap="nowrap" mt={6}>
          <TextInput
            size="xs"
            className={classes.input}
            aria-label={t('editor.replaceBy')}
            placeholder={t('editor.replaceBy')}
            value={by}
            onChange={(event) => {
              replaced.current = false;
              setBy(event.currentTarget.value);
            }}
            autoComplete="off"
            spellCheck={false}
          />
          <Button
            size="xs"
            variant="default"
            disabled={count === 0}
            onClick={() => {
              replaced.current = editor.commands.replaceMatch(by);
              show();
            }}
          >
            {t('editor.replace')}
          </Button>
          <Button
            size="xs"
            variant="default"
            disabled={count === 0}
            onClick={() => {
              replaced.current = editor.commands.replaceMatches(by);
              // The button has nothing left to do and would drop the focus.
              input.current?.focus();
            }}
          >
            {t('editor.replaceAll')}
          </Button>
        </Group>
      )}
    </div>
  );
}
