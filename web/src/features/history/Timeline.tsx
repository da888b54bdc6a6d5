import { ActionIcon, Badge, Button, Group, Stack, Text, Tooltip, UnstyledButton } from '@mantine/core';
import { IconFlag, IconPencil } from '@tabler/icons-react';
import dayjs from 'dayjs';
import type { TFunction } from 'i18next';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { BurstView, MomentView } from '../../api/types';
import { noteText } from '../versions/noteText';
import classes from './history.module.css';

interface Props {
  bursts: BurstView[];
  moments: MomentView[];
  color: (id: string) => string;
  /** The entry after which the page is shown. */
  seq: number;
  lastSeq: number;
  onOpen: (from: number, to: number) => void;
  onRename?: (moment: MomentView) => void;
  onOlder?: () => void;
  loadingOlder: boolean;
}

/** Who worked when, newest first, by day; with the versions that lie in between. */
export function Timeline({ bursts, moments, color, seq, lastSeq, onOpen, onRename, onOlder, loadingOlder }: Props) {
  const { t } = useTranslation();
  const days = useMemo(() => byDay(bursts), [bursts]);
  return (
    <Stack gap="xs">
      {days.map(({ day, bursts: some }) => (
        <section key={day} aria-label={dayName(t, day)}>
          <Text size="xs" c="dimmed" fw={600} mb={4} className={classes.day}>
            {dayName(t, day)}
          </Text>
          <Stack component="ol" gap={2} p={0} m={0} style={{ listStyle: 'none' }}>
            {some.map((burst) => (
              <li key={burst.from_seq}>
                <Burst burst={burst} color={color} current={burst.from_seq <= seq && seq <= burst.to_seq} isLast={burst.to_seq === lastSeq} onOpen={onOpen} />
                <Moments burst={burst} moments={moments} seq={seq} onOpen={onOpen} onRename={onRename} />
              </li>
            ))}
          </Stack>
        </section>
      ))}
      {onOlder && (
        <Button variant="subtle" size="xs" onClick={onOlder} loading={loadingOlder}>
          {t('history.older')}
        </Button>
      )}
    </Stack>
  );
}

function byDay(bursts: BurstView[]): { day: number; bursts: BurstView[] }[] {
  const days: { day: number; bursts: BurstView[] }[] = [];
  for (const burst of bursts) {
    const day = dayjs(burst.to_at).startOf('day').valueOf();
    const last = days.at(-1);
    if (last?.day === day) last.bursts.push(burst);
    else days.push({ day, bursts: [burst] });
  }
  return days;
}

function dayName(t: TFunction, day: number): string {
  const ago = dayjs().startOf('day').diff(day, 'day');
  if (ago === 0) return t('history.today');
  if (ago === 1) return t('history.yesterday');
  return dayjs(day).format('YYYY-MM-DD dddd');
}

function Burst({ burst, color, current, isLast, onOpen }: Pick<Props, 'color' | 'onOpen'> & { burst: BurstView; current: boolean; isLast: boolean }) {
  const { t } = useTranslation();
  const [from, to] = [dayjs(burst.from_at).format('HH:mm'), dayjs(burst.to_at).format('HH:mm')];
  const sum = (what: 'inserted' | 'deleted') => burst.authors.reduce((total, author) => total + author[what], 0);
  const [inserted, deleted] = [sum('inserted'), sum('deleted')];
  return (
    <UnstyledButton className={classes.burst} aria-current={current || undefined} onClick={() => onOpen(burst.from_seq - 1, burst.to_seq)}>
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <Text size="sm" fw={600}>
          {from === to ? to : `${from} – ${to}`}
        </Text>
        {isLast && (
          <Badge size="xs" variant="light">
            {t('history.present')}
          </Badge>
        )}
      </Group>
      {burst.authors.map((author) => (
        <Group key={author.id} gap={6} wrap="nowrap" justify="space-between">
          <Group gap={6} wrap="nowrap" miw={0}>
            <span className={classes.dot} style={{ background: color(author.id) }} />
            <Text size="xs" truncate>
              {author.name || t('history.somebody')}
            </Text>
          </Group>
          <Text size="xs" c="dimmed" style={{ whiteSpace: 'nowrap' }} aria-hidden>
            {author.inserted > 0 && <span className={classes.plus}>+{author.inserted}</span>}{' '}
            {author.deleted > 0 && <span className={classes.minus}>−{author.deleted}</span>}
          </Text>
        </Group>
      ))}
      <span className={classes.heard}>
        {inserted > 0 && t('history.inserted', { count: inserted })} {deleted > 0 && t('history.deleted', { count: deleted })}
      </span>
    </UnstyledButton>
  );
}

function Moments({ burst, moments, seq, onOpen, onRename }: Pick<Props, 'moments' | 'seq' | 'onOpen' | 'onRename'> & { burst: BurstView }) {
  const { t } = useTranslation();
  const here = moments.filter((moment) => burst.from_seq <= moment.seq && moment.seq <= burst.to_seq);
  // Versions that were kept by themselves are many; those with a name are what people look for.
  const named = here.filter((moment) => moment.note !== '');
  if (named.length === 0) return null;
  return (
    <Stack gap={2} pl="md" py={2}>
      {named.map((moment) => (
        <Group key={moment.number} gap={4} wrap="nowrap">
          <UnstyledButton
            className={classes.moment}
            aria-current={moment.seq === seq || undefined}
            onClick={() => onOpen(burst.from_seq - 1, moment.seq)}
          >
            <IconFlag size={14} aria-hidden />
            <Text size="xs" fw={600} truncate>
              {noteText(t, moment.note)}
            </Text>
            <Text size="xs" c="dimmed" style={{ whiteSpace: 'nowrap' }}>
              {t('history.version', { number: moment.number })}
            </Text>
          </UnstyledButton>
          {onRename && (
            <Tooltip label={t('history.rename')}>
              <ActionIcon size="sm" variant="subtle" color="gray" aria-label={`${t('history.rename')} ${moment.note}`} onClick={() => onRename(moment)}>
                <IconPencil size={14} />
              </ActionIcon>
            </Tooltip>
          )}
        </Group>
      ))}
    </Stack>
  );
}
