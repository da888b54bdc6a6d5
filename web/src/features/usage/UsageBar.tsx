import { Progress, Text, Tooltip } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { UsageView } from '../../api/types';
import { formatBytes } from '../../shared/format';

/** How much is taken of what may be; without a limit only how much. */
export function UsageBar({ usage, label }: { usage: UsageView; label: string }) {
  const { t } = useTranslation();
  const taken = usage.used_bytes + usage.reserved_bytes;
  const limit = usage.limit_bytes ?? null;
  const share = limit === null ? 0 : limit === 0 ? 100 : Math.min(100, (taken / limit) * 100);
  const text = limit === null ? t('usage.used', { used: formatBytes(taken) }) : t('usage.usedOf', { used: formatBytes(taken), limit: formatBytes(limit) });
  const color = share >= 100 ? 'red' : share >= 90 ? 'orange' : undefined;
  const hint = usage.reserved_bytes > 0 ? t('usage.reserved', { size: formatBytes(usage.reserved_bytes) }) : t('usage.hint');
  return (
    <Tooltip label={hint} multiline maw={280} openDelay={300}>
      <div>
        <Text size="xs" c={share >= 100 ? 'var(--mantine-color-error)' : 'dimmed'}>
          {text}
        </Text>
        {limit !== null && <Progress value={share} color={color} size="sm" mt={4} aria-label={label} aria-valuetext={text} />}
      </div>
    </Tooltip>
  );
}
