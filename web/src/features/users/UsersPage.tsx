import { ActionIcon, Avatar, Badge, Button, Group, Table, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconPencil, IconPlus, IconSearch, IconUsers } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { UserView } from '../../api/types';
import { EmptyState } from '../../shared/EmptyState';
import { ErrorNotice } from '../../shared/ErrorNotice';
import { formatTime } from '../../shared/format';
import { Loading } from '../../shared/Loading';
import { PageHeader } from '../../shared/PageHeader';
import { useTitle } from '../../shared/useTitle';
import { useUsers } from './api';
import { openUserDialog } from './UserDialog';

export function UsersPage() {
  const { t } = useTranslation();
  const [search, setSearch] = useState('');
  const [q] = useDebouncedValue(search.trim(), 200);
  const users = useUsers(q);
  useTitle(t('shell.users'));
  return (
    <>
      <PageHeader title={t('shell.users')}>
        <Button leftSection={<IconPlus size={18} />} onClick={() => openUserDialog()}>
          {t('users.new')}
        </Button>
      </PageHeader>
      <TextInput
        mx="md"
        mb="sm"
        maw={360}
        type="search"
        aria-label={t('users.search')}
        placeholder={t('users.search')}
        leftSection={<IconSearch size={16} />}
        value={search}
        onChange={(event) => setSearch(event.currentTarget.value)}
      />
      {users.isPending && <Loading />}
      {users.error && (
        <div style={{ padding: 16 }}>
          <ErrorNotice error={users.error} onRetry={() => void users.refetch()} />
        </div>
      )}
      {users.data?.items.length === 0 && <EmptyState icon={<IconUsers size={32} stroke={1.5} />} title={t('users.none')} />}
      {users.data && users.data.items.length > 0 && <UserTable users={users.data.items} />}
    </>
  );
}

function UserTable({ users }: { users: UserView[] }) {
  const { t } = useTranslation();
  return (
    <Table verticalSpacing="xs" horizontalSpacing="md" aria-label={t('shell.users')} mb={96}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{t('common.name')}</Table.Th>
          <Table.Th visibleFrom="sm">{t('users.clearance')}</Table.Th>
          <Table.Th visibleFrom="sm">{t('users.createdAt')}</Table.Th>
          <Table.Th w={60} aria-label={t('common.actions')} />
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {users.map((user) => (
          <UserRow key={user.id} user={user} />
        ))}
      </Table.Tbody>
    </Table>
  );
}

function UserRow({ user }: { user: UserView }) {
  const { t } = useTranslation();
  const label = user.display_name || user.name;
  return (
    <Table.Tr opacity={user.disabled ? 0.6 : 1}>
      <Table.Td>
        <Group gap="sm" wrap="nowrap">
          <Avatar name={label} color="initials" radius="xl" size={34}>
            {Array.from(label)[0]?.toUpperCase()}
          </Avatar>
          <div style={{ minWidth: 0 }}>
            <Group gap={6}>
              <Text size="sm" fw={500}>
                {label}
              </Text>
              {user.is_admin && (
                <Badge size="sm" variant="light" tt="none">
                  {t('users.admin')}
                </Badge>
              )}
              {user.disabled && (
                <Badge size="sm" color="gray" variant="light" tt="none">
                  {t('users.isDisabled')}
                </Badge>
              )}
            </Group>
            <Text size="xs" c="dimmed">
              {user.name}
            </Text>
          </div>
        </Group>
      </Table.Td>
      <Table.Td visibleFrom="sm">
        <Text size="sm">{t(`common.level.${user.clearance}` as 'common.level.1')}</Text>
      </Table.Td>
      <Table.Td visibleFrom="sm">
        <Text size="sm" c="dimmed">
          {formatTime(user.created_at)}
        </Text>
      </Table.Td>
      <Table.Td>
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t('users.edit', { name: label })} onClick={() => openUserDialog(user)}>
          <IconPencil size={18} />
        </ActionIcon>
      </Table.Td>
    </Table.Tr>
  );
}
