import { Group, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import classes from './history.module.css';
import type { Person } from './stream';

interface Props {
  shares: [who: number, characters: number][];
  people: Person[];
  color: (id: string) => string;
}

/** How much of the text that is there now comes from whom. */
export function Shares({ shares, people, color }: Props) {
  const { t } = useTranslation();
  const all = shares.reduce((sum, [, characters]) => sum + characters, 0);
  if (all === 0) return null;
  const parts = shares.map(([who, characters]) => ({ who, person: people[who], percent: Math.round((characters / all) * 100) }));
  return (
    <section aria-label={t('history.shares')}>
      <Text size="xs" c="dimmed" fw={600} mb={4}>
        {t('history.shares')}
      </Text>
      <div className={classes.bar} aria-hidden>
        {parts.map(({ who, person, percent }) => (
          <span key={who} style={{ flexGrow: Math.max(percent, 1), background: color(person?.id ?? '') }} />
        ))}
      </div>
      <Group gap="sm" mt={4}>
        {parts.slice(0, 6).map(({ who, person, percent }) => (
          <Group key={who} gap={4} wrap="nowrap">
            <span className={classes.dot} style={{ background: color(person?.id ?? '') }} />
            <Text size="xs">{t('history.share', { name: person?.name || t('history.somebody'), percent })}</Text>
          </Group>
        ))}
      </Group>
    </section>
  );
}
