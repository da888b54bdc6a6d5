import { ActionIcon, Group, Text, Tooltip } from '@mantine/core';
import { IconPlayerPause, IconPlayerPlay, IconPlayerSkipBack, IconPlayerSkipForward } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import classes from './history.module.css';
import type { Stop } from './ledger';
import type { Person } from './stream';
import { formatMoment } from './time';

interface Props {
  stops: Stop[];
  people: Person[];
  seq: number;
  onGo: (from: number, to: number) => void;
}

/** A whole play lasts about so long, however many moments there are … */
const PLAY_MS = 30_000;
/** … but a moment is shown at least so long, and at most. */
const SHOW_MS: [number, number] = [150, 1_000];

/** Goes through the history: by dragging, with the arrow keys, or by itself. */
export function MomentSlider({ stops, people, seq, onGo }: Props) {
  const { t } = useTranslation();
  const [playing, setPlaying] = useState(false);
  const found = stops.findIndex((stop) => stop.seq >= seq);
  const at = found < 0 ? stops.length - 1 : found;
  const stop = stops[at];

  const go = (index: number) => {
    const wanted = stops[Math.min(Math.max(index, 0), stops.length - 1)];
    if (wanted) onGo(stops[stops.indexOf(wanted) - 1]?.seq ?? 0, wanted.seq);
  };
  useEffect(() => {
    if (!playing) return;
    const pause = Math.min(Math.max(PLAY_MS / Math.max(stops.length, 1), SHOW_MS[0]), SHOW_MS[1]);
    const timer = setTimeout(() => {
      if (at >= stops.length - 1) setPlaying(false);
      else go(at + 1);
    }, pause);
    return () => clearTimeout(timer);
  });

  const names = stop ? stop.who.map((who) => people[who]?.name || t('history.somebody')).join('、') : '';
  const label = stop ? `${formatMoment(stop.at)} · ${names}` : '';
  return (
    <Group className={classes.slider} gap="xs" wrap="nowrap">
      <Tooltip label={t('history.stepBack')}>
        <ActionIcon variant="subtle" color="gray" aria-label={t('history.stepBack')} disabled={at <= 0} onClick={() => go(at - 1)}>
          <IconPlayerSkipBack size={18} />
        </ActionIcon>
      </Tooltip>
      <Tooltip label={t(playing ? 'history.pause' : 'history.play')}>
        <ActionIcon
          variant="light"
          size="lg"
          radius="xl"
          aria-label={t(playing ? 'history.pause' : 'history.play')}
          onClick={() => {
            if (!playing && at >= stops.length - 1) go(0);
            setPlaying(!playing);
          }}
        >
          {playing ? <IconPlayerPause size={18} /> : <IconPlayerPlay size={18} />}
        </ActionIcon>
      </Tooltip>
      <Tooltip label={t('history.stepForward')}>
        <ActionIcon variant="subtle" color="gray" aria-label={t('history.stepForward')} disabled={at >= stops.length - 1} onClick={() => go(at + 1)}>
          <IconPlayerSkipForward size={18} />
        </ActionIcon>
      </Tooltip>
      <input
        type="range"
        className={classes.range}
        aria-label={t('history.moment')}
        aria-valuetext={label}
        min={0}
        max={Math.max(stops.length - 1, 0)}
        style={{ '--done': `${(Math.max(at, 0) / Math.max(stops.length - 1, 1)) * 100}%` } as React.CSSProperties}
        value={Math.max(at, 0)}
        onChange={(event) => {
          setPlaying(false);
          go(Number(event.currentTarget.value));
        }}
      />
      <Text size="xs" c="dimmed" className={classes.when} truncate>
        {label}
      </Text>
    </Group>
  );
}
