import { Group, SegmentedControl, Stack } from '@mantine/core';
import { IconMessages } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { EmptyState } from '../../shared/EmptyState';
import { SaveState } from '../editor/SaveState';
import { useCurrentUser } from '../session/api';
import { useForgeries, usePeople } from './api';
import { AssigneeSelect } from './AssigneeSelect';
import classes from './comments.module.css';
import { Composer } from './Composer';
import { ThreadCard } from './ThreadCard';
import type { Thread } from './threads';
import type { Comments } from './useComments';

type Filter = 'open' | 'done' | 'mine';

function isShown(thread: Thread, filter: Filter, me: string): boolean {
  if (filter === 'done') return thread.resolvedAt !== null;
  if (thread.resolvedAt !== null) return false;
  return (
    filter === 'open' || thread.assignee === me || thread.messages.some((one) => one.author === me || one.mentions.includes(me))
  );
}

interface DraftProps {
  comments: Comments;
  people: ReturnType<typeof usePeople>;
  me: string;
}

function Draft({ comments, people, me }: DraftProps) {
  const { t } = useTranslation();
  const [assignee, setAssignee] = useState<string | null>(null);
  return (
    <div className={classes.card} data-active role="form" aria-label={t('comments.add')}>
      <AssigneeSelect people={people} value={assignee} onChange={setAssignee} />
      <Composer
        label={t('comments.placeholder')}
        people={people}
        submitLabel={t('comments.send')}
        autoFocus
        onCancel={comments.endDraft}
        onSubmit={(text, mentions) => comments.create(me, text, mentions, assignee)}
      />
    </div>
  );
}

interface Props {
  document: string;
  comments: Comments;
  /** After going to a place in the text. */
  onGone?: () => void;
}

/** The conversations about a page, in the order of its text. */
export function CommentsPanel({ document, comments, onGone }: Props) {
  const { t } = useTranslation();
  const me = useCurrentUser().id;
  const people = usePeople();
  const forgeries = useForgeries(document, comments.threads);
  const [filter, setFilter] = useState<Filter>('open');
  const { places, active } = comments;

  // Who looks at a thread sees it, whatever is filtered.
  const shown = comments.threads
    .filter((thread) => thread.id === active || isShown(thread, filter, me))
    .sort((a, b) => (places.get(a.id)?.from ?? Infinity) - (places.get(b.id)?.from ?? Infinity) || a.createdAt - b.createdAt);

  return (
    <Stack gap="sm">
      <SegmentedControl
        size="xs"
        fullWidth
        aria-label={t('comments.filter')}
        value={filter}
        onChange={(value) => setFilter(value as Filter)}
        data={(['open', 'mine', 'done'] as const).map((value) => ({ value, label: t(`comments.${value}`) }))}
      />
      {comments.mayWrite && (
        <Group justify="flex-end">
          <SaveState room={comments.snapshot} />
        </Group>
      )}
      {comments.draft && <Draft comments={comments} people={people} me={me} />}
      {shown.map((thread) => (
        <ThreadCard
          key={thread.id}
          thread={thread}
          threads={comments.notes.threads}
          document={document}
          people={people}
          forgeries={forgeries}
          me={me}
          mayWrite={comments.mayWrite}
          active={thread.id === active}
          placed={places.has(thread.id)}
          onGo={() => {
            comments.go(thread.id);
            if (thread.id === active) onGone?.();
          }}
        />
      ))}
      {shown.length === 0 && !comments.draft && (
        <EmptyState
          icon={<IconMessages size={32} stroke={1.5} />}
          title={comments.threads.length === 0 ? t('comments.none') : t('comments.noneShown')}
          text={comments.threads.length > 0 ? undefined : comments.mayWrite ? t('comments.noneHint') : t('comments.noneRead')}
        />
      )}
    </Stack>
  );
}
