import { Badge, NavLink } from '@mantine/core';
import { IconUserCheck } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { NavLink as RouterLink } from 'react-router';
import { useAssignedCount } from './api';

/** The menu's way to what waits for the caller, with how much it is. */
export function AssignedLink() {
  const { t } = useTranslation();
  const count = useAssignedCount();
  return (
    <NavLink
      component={RouterLink}
      to="/assigned"
      label={t('comments.assigned')}
      aria-label={count > 0 ? t('comments.assignedCount', { count }) : undefined}
      leftSection={<IconUserCheck size={18} stroke={1.6} />}
      rightSection={count > 0 && <Badge size="sm">{count > 99 ? '99+' : count}</Badge>}
      style={{ borderRadius: 8 }}
    />
  );
}
