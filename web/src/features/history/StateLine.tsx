import { ActionIcon, Group, Text } from '@mantine/core';
import { IconArrowDown, IconArrowUp } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import classes from './history.module.css';
import type { View } from './HistoryPage';

interface Props {
  time: string;
  who: string;
  reading: React.RefObject<HTMLDivElement | null>;
  view: View;
  picking: boolean;
}

const CHANGES = ':is([data-run]:not([data-run="same"]), [data-status]:not([data-status="same"]):not([data-block]))';

/** When and who; how many differences there are, and the way from one to the next. */
export function StateLine({ time, who, reading, view, picking }: Props) {
  const { t } = useTranslation();
  const [count, setCount] = useState(0);
  const place = useRef(-1);
  // Differences that touch each other are one.
  const changes = () =>
    [...(reading.current?.querySelectorAll<HTMLElement>(CHANGES) ?? [])].filter((one, index, all) => {
      const before = all[index - 1];
      return !before || !(before.contains(one) || before.nextElementSibling === one);
    });
  useEffect(() => {
    // Drawn in the same commit, after this line.
    const frame = requestAnimationFrame(() => setCount(changes().length));
    return () => cancelAnimationFrame(frame);
  });
  const go = (by: number) => {
    const all = changes();
    if (all.length === 0) return;
    place.current = (place.current + by + all.length) % all.length;
    reading.current?.querySelector('.here')?.classList.remove('here');
    const one = all[place.current]!;
    one.classList.add('here');
    one.scrollIntoView({ block: 'center' });
  };
  return (
    <Group className={classes.state} gap="sm" wrap="wrap">
      <Text size="sm" fw={600}>
        {time}
      </Text>
      <Text size="sm" c="dimmed" truncate>
        {who}
      </Text>
      {view !== 'then' && (
        <Group gap={4} ml="auto" wrap="nowrap">
          <Text size="xs" c="dimmed" role="status">
            {count > 0 ? t('history.changeCount', { count }) : t('history.noChanges')}
            {picking && count > 0 ? ` · ${t('history.pickBlocks')}` : ''}
          </Text>
          <ActionIcon size="sm" variant="subtle" color="gray" disabled={count === 0} aria-label={t('history.previousChange')} onClick={() => go(place.current < 0 ? 0 : -1)}>
            <IconArrowUp size={16} />
          </ActionIcon>
          <ActionIcon size="sm" variant="subtle" color="gray" disabled={count === 0} aria-label={t('history.nextChange')} onClick={() => go(1)}>
            <IconArrowDown size={16} />
          </ActionIcon>
        </Group>
      )}
    </Group>
  );
}
