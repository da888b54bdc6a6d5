import { Button, Group, Text } from '@mantine/core';
import { IconCheck, IconX } from '@tabler/icons-react';
import type { Editor } from '@tiptap/react';
import { useTranslation } from 'react-i18next';
import { formatShortTime } from '../../shared/format';
import { presenceColor } from '../editor/extensions';
import type { Suggestion } from './list';
import classes from './suggestions.module.css';

const LONGEST = 120;

function cut(text: string): string {
  const letters = Array.from(text);
  return letters.length > LONGEST ? `${letters.slice(0, LONGEST).join('')}…` : text;
}

interface Props {
  editor: Editor;
  suggestion: Suggestion;
  mayDecide: boolean;
}

/** Who suggests what, and the decision. */
export function SuggestionCard({ editor, suggestion, mayDecide }: Props) {
  const { t } = useTranslation();
  const { id, inserted, deleted } = suggestion;
  const kind = inserted && deleted ? 'replaced' : inserted ? 'inserted' : 'deleted';
  const settle = (verdict: 'accept' | 'reject') => editor.commands.settleSuggestions(verdict, [id]);
  return (
    <>
      <Group gap={6} wrap="nowrap" mb={4}>
        <span className={classes.dot} style={{ background: presenceColor(suggestion.author) }} />
        <Text size="sm" fw={600} truncate>
          {suggestion.name}
        </Text>
        <Text size="xs" c="dimmed" style={{ whiteSpace: 'nowrap' }}>
          {formatShortTime(suggestion.at)}
        </Text>
      </Group>
      <div className={classes.change}>
        <span className={classes.kind}>{t(`suggestions.${kind}`)}</span>
        {deleted && <del>{cut(deleted)}</del>}
        {deleted && inserted && ' → '}
        {inserted && <ins>{cut(inserted)}</ins>}
      </div>
      {mayDecide && (
        <Group gap="xs" mt={8}>
          <Button size="compact-xs" variant="light" color="teal" leftSection={<IconCheck size={14} aria-hidden />} onClick={() => settle('accept')}>
            {t('suggestions.accept')}
          </Button>
          <Button size="compact-xs" variant="light" color="red" leftSection={<IconX size={14} aria-hidden />} onClick={() => settle('reject')}>
            {t('suggestions.reject')}
          </Button>
        </Group>
      )}
    </>
  );
}
