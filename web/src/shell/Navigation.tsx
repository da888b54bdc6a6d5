import { Divider, NavLink, ScrollArea } from '@mantine/core';
import { IconDatabase, IconSearch, IconTrash, IconUsers, IconUsersGroup } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { NavLink as RouterLink } from 'react-router';
import { AssignedLink } from '../features/comments/AssignedLink';
import { useCurrentUser } from '../features/session/api';
import { LibraryTree } from './LibraryTree';

/** The left side: libraries as a tree, then trash and administration. */
export function Navigation() {
  const { t } = useTranslation();
  const user = useCurrentUser();
  return (
    <>
      <ScrollArea flex={1} type="hover" scrollbarSize={8}>
        <LibraryTree />
      </ScrollArea>
      <Divider />
      <div style={{ padding: 8 }}>
        <NavLink
          component={RouterLink}
          to="/search"
          label={t('search.title')}
          leftSection={<IconSearch size={18} stroke={1.6} />}
          style={{ borderRadius: 8 }}
        />
        <AssignedLink />
        <NavLink
          component={RouterLink}
          to="/trash"
          label={t('shell.trash')}
          leftSection={<IconTrash size={18} stroke={1.6} />}
          style={{ borderRadius: 8 }}
        />
        {user.is_admin && (
          <>
            <NavLink
              component={RouterLink}
              to="/admin/users"
              label={t('shell.users')}
              leftSection={<IconUsers size={18} stroke={1.6} />}
              style={{ borderRadius: 8 }}
            />
            <NavLink
              component={RouterLink}
              to="/admin/groups"
              label={t('shell.groups')}
              leftSection={<IconUsersGroup size={18} stroke={1.6} />}
              style={{ borderRadius: 8 }}
            />
            <NavLink
              component={RouterLink}
              to="/admin/usage"
              label={t('shell.usage')}
              leftSection={<IconDatabase size={18} stroke={1.6} />}
              style={{ borderRadius: 8 }}
            />
          </>
        )}
      </div>
    </>
  );
}
