import { Button, Group, Paper, Textarea, UnstyledButton } from '@mantine/core';
import { useRef, useState, type KeyboardEvent } from 'react';
import { useTranslation } from 'react-i18next';
import type { UserView } from '../../api/types';
import classes from './comments.module.css';
import { mentionQuery, mentionsIn } from './mentions';

const OFFERED = 6;

interface Props {
  label: string;
  people: ReadonlyMap<string, UserView>;
  initial?: string;
  submitLabel: string;
  autoFocus?: boolean;
  onSubmit: (text: string, mentions: string[]) => void;
  onCancel?: () => void;
}

/** Where a message is written. Ctrl+Enter sends, `@` offers colleagues. */
export function Composer({ label, people, initial = '', submitLabel, autoFocus, onSubmit, onCancel }: Props) {
  const { t } = useTranslation();
  const field = useRef<HTMLTextAreaElement>(null);
  const [text, setText] = useState(initial);
  const [cursor, setCursor] = useState(initial.length);
  const [chosen, setChosen] = useState(0);
  const [hushed, setHushed] = useState(false);

  const asked = hushed ? null : mentionQuery(text, cursor);
  const offered = asked
    ? [...people.values()]
        .filter((one) => !one.disabled && (one.display_name.includes(asked.query) || one.name.startsWith(asked.query.toLowerCase())))
        .filter((one) => one.display_name !== asked.query)
        .slice(0, OFFERED)
    : [];

  const handleSubmit = () => {
    const words = text.trim();
    if (!words) return;
    onSubmit(words, mentionsIn(words, people.values()));
    setText('');
    setCursor(0);
  };

  const handlePick = (person: UserView) => {
    if (!asked) return;
    const before = `${text.slice(0, asked.from)}@${person.display_name} `;
    setText(before + text.slice(cursor));
    setCursor(before.length);
    requestAnimationFrame(() => {
      field.current?.focus();
      field.current?.setSelectionRange(before.length, before.length);
    });
  };

  const handleKey = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    const person = offered[Math.min(chosen, offered.length - 1)];
    if (person && event.key === 'Enter' && !event.ctrlKey && !event.metaKey) handlePick(person);
    else if (person && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
      setChosen((now) => (now + (event.key === 'ArrowDown' ? 1 : offered.length - 1)) % offered.length);
    } else if (person && event.key === 'Escape') setHushed(true);
    else if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) handleSubmit();
    else if (event.key === 'Escape' && onCancel) onCancel();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <div>
      <Textarea
        ref={field}
        aria-label={label}
        placeholder={label}
        autosize
        minRows={2}
        maxRows={10}
        maxLength={5000}
        data-autofocus={autoFocus || undefined}
        autoFocus={autoFocus}
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value);
          setCursor(event.currentTarget.selectionStart);
          setChosen(0);
          setHushed(false);
        }}
        onSelect={(event) => setCursor(event.currentTarget.selectionStart)}
        onKeyDown={handleKey}
      />
      {offered.length > 0 && (
        <Paper withBorder shadow="sm" mt={4} p={4} role="listbox" aria-label={t('comments.assign')}>
          {offered.map((person, index) => (
            <UnstyledButton
              key={person.id}
              role="option"
              aria-selected={index === chosen}
              className={classes.person}
              data-chosen={index === chosen || undefined}
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => handlePick(person)}
            >
              {person.display_name}
              <span className={classes.account}>{person.name}</span>
            </UnstyledButton>
          ))}
        </Paper>
      )}
      <Group justify="flex-end" gap="xs" mt={6}>
        {onCancel && (
          <Button size="compact-sm" variant="subtle" color="gray" onClick={onCancel}>
            {t('comments.cancel')}
          </Button>
        )}
        <Button size="compact-sm" disabled={!text.trim()} onClick={handleSubmit}>
          {submitLabel}
        </Button>
      </Group>
    </div>
  );
}
