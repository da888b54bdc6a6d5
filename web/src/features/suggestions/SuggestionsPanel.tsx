import { Alert, Button, Group, SegmentedControl, Stack, Switch, Text } from '@mantine/core';
import { IconPencilCheck } from '@tabler/icons-react';
import type { Editor } from '@tiptap/react';
import { useTranslation } from 'react-i18next';
import { EmptyState } from '../../shared/EmptyState';
import type { SuggestionView } from './SuggestChanges';
import { SuggestionCard } from './SuggestionCard';
import classes from './suggestions.module.css';
import type { Suggestions } from './useSuggestions';

interface Props {
  editor: Editor;
  suggestions: Suggestions;
  /** The caller may edit the page. */
  mayDecide: boolean;
  /** After going to a place in the text. */
  onGone?: () => void;
}

/** How the text is read, and every suggestion with its decision. */
export function SuggestionsPanel({ editor, suggestions, mayDecide, onGone }: Props) {
  const { t } = useTranslation();
  const { isOn, view, list } = suggestions;

  const handleGo = (from: number) => {
    const { node } = editor.view.domAtPos(Math.min(from + 1, editor.state.doc.content.size));
    (node instanceof Element ? node : node.parentElement)?.scrollIntoView({ block: 'center', behavior: 'smooth' });
    onGone?.();
  };

  return (
    <Stack gap="sm">
      {mayDecide && (
        <div>
          <Switch
            label={t('suggestions.mode')}
            checked={isOn}
            onChange={(event) => editor.commands.setSuggesting(event.currentTarget.checked)}
          />
          <Text size="xs" c="dimmed" mt={4}>
            {t('suggestions.modeHint')}
          </Text>
        </div>
      )}
      <SegmentedControl
        size="xs"
        fullWidth
        aria-label={t('suggestions.view')}
        value={view}
        onChange={(value) => editor.commands.setSuggestionView(value as SuggestionView)}
        data={(['all', 'final', 'original'] as const).map((value) => ({ value, label: t(`suggestions.view.${value}`) }))}
      />
      {view !== 'all' && mayDecide && (
        <Alert color="blue" p="xs">
          {t('suggestions.previewing')}
        </Alert>
      )}
      {mayDecide && list.length > 0 && (
        <Group gap="xs" grow>
          <Button size="compact-sm" variant="light" color="teal" onClick={() => editor.commands.settleSuggestions('accept', null)}>
            {t('suggestions.acceptAll')}
          </Button>
          <Button size="compact-sm" variant="light" color="red" onClick={() => editor.commands.settleSuggestions('reject', null)}>
            {t('suggestions.rejectAll')}
          </Button>
        </Group>
      )}
      {list.map((suggestion) => (
        <article
          key={suggestion.id}
          className={classes.item}
          aria-label={t('suggestions.item', { name: suggestion.name })}
          onClick={() => handleGo(suggestion.from)}
        >
          <SuggestionCard editor={editor} suggestion={suggestion} mayDecide={mayDecide} />
        </article>
      ))}
      {list.length === 0 && (
        <EmptyState
          icon={<IconPencilCheck size={32} stroke={1.5} />}
          title={t('suggestions.none')}
          text={mayDecide ? t('suggestions.noneHint') : undefined}
        />
      )}
    </Stack>
  );
}
