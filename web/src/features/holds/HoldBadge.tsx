import { Badge, Tooltip } from '@mantine/core';
import { IconLock } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';

/** Marks what is on hold: nothing of it goes. */
export function HoldBadge({ small = true }: { small?: boolean }) {
  const { t } = useTranslation();
  return (
    <Tooltip label={t('holds.hint')} multiline maw={280}>
      <Badge size={small ? 'xs' : 'md'} color="orange" variant="light" tt="none" flex="none" leftSection={<IconLock size={small ? 10 : 13} />}>
        {t('holds.held')}
      </Badge>
    </Tooltip>
  );
}
