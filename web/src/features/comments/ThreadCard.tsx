import { ActionIcon, Alert, Group, Menu, Text, Tooltip } from '@mantine/core';
import { modals } from '@mantine/modals';
import { IconAlertTriangle, IconArrowBackUp, IconCheck, IconDots, IconLink, IconPencil, IconTrash } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { AnnotationMessageView, UserView } from '../../api/types';
import { formatShortTime, formatTime } from '../../shared/format';
import { notifyDone } from '../../shared/notify';
import { AssigneeSelect } from './AssigneeSelect';
import classes from './comments.module.css';
import { Composer } from './Composer';
import type { Message, Thread, Threads } from './threads';

interface Props {
  thread: Thread;
  threads: Threads;
  document: string;
  people: ReadonlyMap<string, UserView>;
  forgeries: ReadonlyMap<string, AnnotationMessageView>;
  me: string;
  mayWrite: boolean;
  active: boolean;
  /** Its text is still there. */
  placed: boolean;
  onGo: () => void;
}

/** Names that were mentioned stand out. */
function Words({ message, people }: { message: Message; people: Props['people'] }) {
  const names = message.mentions.flatMap((id) => people.get(id)?.display_name ?? []).sort((a, b) => b.length - a.length);
  const parts: (string | { name: string })[] = [];
  let rest = message.text;
  while (rest) {
    const found = names.map((name) => ({ name, at: rest.indexOf(`@${name}`) })).filter(({ at }) => at >= 0);
    const first = found.sort((a, b) => a.at - b.at)[0];
    if (!first) break;
    parts.push(rest.slice(0, first.at), { name: `@${first.name}` });
    rest = rest.slice(first.at + first.name.length + 1);
  }
  return (
    <div className={classes.words}>
      {[...parts, rest].map((part, index) =>
        typeof part === 'string' ? (
          part
        ) : (
          <span key={index} className={classes.mention}>
            {part.name}
          </span>
        ),
      )}
    </div>
  );
}

interface MessageProps extends Pick<Props, 'thread' | 'threads' | 'people' | 'forgeries' | 'me' | 'mayWrite'> {
  message: Message;
}

function MessageView({ message, thread, threads, people, forgeries, me, mayWrite }: MessageProps) {
  const { t } = useTranslation();
  const [editing, setEditing] = useState(false);
  const forgery = forgeries.get(message.id);
  const name = people.get(message.author)?.display_name ?? t('comments.unknown');
  const isOwn = mayWrite && message.author === me && !forgery;

  const handleDelete = () =>
    modals.openConfirmModal({
      title: t('comments.deleteAsk'),
      children: <Text size="sm">{t('comments.deleteHint')}</Text>,
      labels: { confirm: t('comments.delete'), cancel: t('comments.cancel') },
      confirmProps: { color: 'red' },
      onConfirm: () => threads.delete(thread.id, message.id),
    });

  return (
    <div className={classes.message}>
      <Group gap={6} wrap="nowrap">
        <Text fw={600} size="sm" truncate>
          {name}
        </Text>
        <Text size="xs" c="dimmed" title={formatTime(message.at)} style={{ whiteSpace: 'nowrap' }}>
          {formatShortTime(message.at)}
          {message.editedAt !== null && ` · ${t('comments.edited')}`}
        </Text>
        {isOwn && !editing && (
          <Menu shadow="md" position="bottom-end">
            <Menu.Target>
              <ActionIcon variant="subtle" color="gray" size="sm" ml="auto" aria-label={t('comments.more')}>
                <IconDots size={16} />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item leftSection={<IconPencil size={16} />} onClick={() => setEditing(true)}>
                {t('comments.edit')}
              </Menu.Item>
              <Menu.Item leftSection={<IconTrash size={16} />} color="red" onClick={handleDelete}>
                {t('comments.delete')}
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        )}
      </Group>
      {forgery && (
        <Alert color="red" p={6} my={4} icon={<IconAlertTriangle size={16} />} role="alert">
          <Text size="xs">{forgery.author ? t('comments.forged', { name: forgery.author.name }) : t('comments.forgedUnknown')}</Text>
        </Alert>
      )}
      {editing ? (
        <Composer
          label={t('comments.edit')}
          people={people}
          initial={message.text}
          submitLabel={t('comments.save')}
          autoFocus
          onCancel={() => setEditing(false)}
          onSubmit={(text, mentions) => {
            threads.edit(thread.id, message.id, text, mentions);
            setEditing(false);
          }}
        />
      ) : (
        <Words message={message} people={people} />
      )}
    </div>
  );
}

/** One conversation: folded until it is looked at. */
export function ThreadCard(props: Props) {
  const { thread, threads, document, people, me, mayWrite, active, placed, onGo } = props;
  const { t } = useTranslation();
  const card = useRef<HTMLElement>(null);
  const [first, ...replies] = thread.messages;
  const nameOf = (id: string | null) => (id && people.get(id)?.display_name) || t('comments.unknown');
  const isResolved = thread.resolvedAt !== null;

  useEffect(() => {
    if (active) card.current?.scrollIntoView({ block: 'nearest', behavior: 'smooth' });
  }, [active]);

  const handleCopy = () => {
    void navigator.clipboard.writeText(`${location.origin}/documents/${document}?comment=${thread.id}`).then(() => notifyDone(t('comments.linkCopied')));
  };

  if (!first) return null;
  const shown = active ? replies : [];
  return (
    <article
      ref={card}
      className={classes.card}
      data-active={active || undefined}
      data-resolved={isResolved || undefined}
      data-thread-card={thread.id}
      aria-label={t('comments.thread', { name: nameOf(first.author) })}
      onClick={() => !active && onGo()}
    >
      <Group justify="space-between" wrap="nowrap" align="flex-start" gap={4}>
        <button
          type="button"
          className={classes.quote}
          style={{ all: 'unset', cursor: 'pointer', flex: 1, minWidth: 0 }}
          aria-label={t('comments.quote', { quote: thread.quote })}
          onClick={onGo}
        >
          {!placed && (
            <Text size="xs" c="orange" component="span" display="block">
              {t('comments.lost')}
            </Text>
          )}
          <span className={classes.quote} style={placed ? undefined : { textDecoration: 'line-through' }}>
            {thread.quote}
          </span>
        </button>
        <Group gap={0} wrap="nowrap" onClick={(event) => event.stopPropagation()}>
          <Tooltip label={t('comments.copyLink')}>
            <ActionIcon variant="subtle" color="gray" size="md" aria-label={t('comments.copyLink')} onClick={handleCopy}>
              <IconLink size={16} />
            </ActionIcon>
          </Tooltip>
          {mayWrite && (
            <Tooltip label={isResolved ? t('comments.reopen') : t('comments.resolve')}>
              <ActionIcon
                variant="subtle"
                color={isResolved ? 'gray' : 'teal'}
                size="md"
                aria-label={isResolved ? t('comments.reopen') : t('comments.resolve')}
                onClick={() => (isResolved ? threads.reopen(thread.id) : threads.resolve(thread.id, me))}
              >
                {isResolved ? <IconArrowBackUp size={16} /> : <IconCheck size={18} />}
              </ActionIcon>
            </Tooltip>
          )}
        </Group>
      </Group>
      <MessageView {...props} message={first} />
      {shown.length < replies.length && (
        <Text size="xs" c="dimmed" mt={6}>
          {t('comments.replies', { count: replies.length })}
        </Text>
      )}
      {shown.map((message) => (
        <MessageView key={message.id} {...props} message={message} />
      ))}
      {isResolved && (
        <Text size="xs" c="teal" mt={8}>
          {t('comments.resolved', { name: nameOf(thread.resolvedBy), time: formatShortTime(thread.resolvedAt ?? 0) })}
        </Text>
      )}
      {!active && thread.assignee && !isResolved && (
        <Text size="xs" c="dimmed" mt={8}>
          {t('comments.assignee', { name: nameOf(thread.assignee) })}
        </Text>
      )}
      {active && mayWrite && !isResolved && (
        <div style={{ marginTop: 10 }}>
          <AssigneeSelect people={people} value={thread.assignee} onChange={(person) => threads.assign(thread.id, person)} />
          <Composer
            label={t('comments.replyPlaceholder')}
            people={people}
            submitLabel={t('comments.reply')}
            onSubmit={(text, mentions) => threads.reply(thread.id, me, text, mentions)}
          />
        </div>
      )}
    </article>
  );
}
