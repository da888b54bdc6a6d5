import { ActionIcon, Avatar, Group, Select, Stack, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { modals } from '@mantine/modals';
import { IconX } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { GroupView } from '../../api/types';
import i18n from '../../i18n/i18n';
import { ErrorNotice } from '../../shared/ErrorNotice';
import { Loading } from '../../shared/Loading';
import { useUsers } from '../users/api';
import { useMembers, useSetMember } from './api';

export function openMembersDialog(group: GroupView): void {
  modals.open({
    title: i18n.t('groups.membersOf', { name: group.name }),
    closeButtonProps: { 'aria-label': i18n.t('common.close') },
    children: <Members group={group} />,
  });
}

function Members({ group }: { group: GroupView }) {
  const { t } = useTranslation();
  const members = useMembers(group.id);
  const setMember = useSetMember(group.id);
  const [search, setSearch] = useState('');
  const [q] = useDebouncedValue(search.trim(), 200);
  const users = useUsers(q);
  const inside = new Set(members.data?.items.map((user) => user.id));
  const offered = (users.data?.items ?? [])
    .filter((user) => !inside.has(user.id) && !user.disabled)
    .map((user) => ({ value: user.id, label: user.display_name ? `${user.display_name} (${user.name})` : user.name }));
  return (
    <Stack>
      <Select
        label={t('groups.addMember')}
        placeholder={t('users.search')}
        searchable
        data={offered}
        value={null}
        searchValue={search}
        onSearchChange={setSearch}
        onChange={(userId) => {
          if (!userId) return;
          setMember.mutate({ userId, member: true });
          setSearch('');
        }}
        nothingFoundMessage={t('rights.nobody')}
        data-autofocus
      />
      {setMember.error && <ErrorNotice error={setMember.error} />}
      {members.isPending && <Loading height={80} />}
      {members.error && <ErrorNotice error={members.error} onRetry={() => void members.refetch()} />}
      {members.data?.items.length === 0 && (
        <Text size="sm" c="dimmed">
          {t('groups.noMembers')}
        </Text>
      )}
      <Stack gap={4} component="ul" m={0} p={0} style={{ listStyle: 'none' }} aria-label={t('groups.members')}>
        {members.data?.items.map((user) => {
          const label = user.display_name || user.name;
          return (
            <Group key={user.id} component="li" wrap="nowrap" gap="sm">
              <Avatar name={label} color="initials" radius="xl" size={32}>
                {Array.from(label)[0]?.toUpperCase()}
              </Avatar>
              <Text size="sm" flex={1} truncate>
                {label}
              </Text>
              <ActionIcon
                variant="subtle"
                color="gray"
                size="lg"
                aria-label={t('groups.removeMember', { name: label })}
                onClick={() => setMember.mutate({ userId: user.id, member: false })}
              >
                <IconX size={18} />
              </ActionIcon>
            </Group>
          );
        })}
      </Stack>
    </Stack>
  );
}
