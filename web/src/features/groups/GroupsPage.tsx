import { ActionIcon, Button, Menu, Table, Text, UnstyledButton } from '@mantine/core';
import { modals } from '@mantine/modals';
import { IconDots, IconPencil, IconPlus, IconTrash, IconUsers, IconUsersGroup } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { GroupView } from '../../api/types';
import { EmptyState } from '../../shared/EmptyState';
import { ErrorNotice } from '../../shared/ErrorNotice';
import { Loading } from '../../shared/Loading';
import { openNameDialog } from '../../shared/NameDialog';
import { notifyError } from '../../shared/notify';
import { PageHeader } from '../../shared/PageHeader';
import { useTitle } from '../../shared/useTitle';
import { useCreateGroup, useDeleteGroup, useGroups, useUpdateGroup } from './api';
import { openMembersDialog } from './MembersDialog';
import { flattenTree, type GroupNode } from './tree';

export function GroupsPage() {
  const { t } = useTranslation();
  const groups = useGroups();
  const actions = useGroupActions();
  useTitle(t('shell.groups'));
  return (
    <>
      <PageHeader title={t('shell.groups')}>
        <Button leftSection={<IconPlus size={18} />} onClick={() => actions.create()}>
          {t('groups.new')}
        </Button>
      </PageHeader>
      {groups.isPending && <Loading />}
      {groups.error && (
        <div style={{ padding: 16 }}>
          <ErrorNotice error={groups.error} onRetry={() => void groups.refetch()} />
        </div>
      )}
      {groups.data?.items.length === 0 && (
        <EmptyState icon={<IconUsersGroup size={32} stroke={1.5} />} title={t('groups.none')} text={t('groups.noneText')} />
      )}
      {groups.data && groups.data.items.length > 0 && (
        <Table verticalSpacing={4} horizontalSpacing="md" aria-label={t('shell.groups')} mb={96}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('common.name')}</Table.Th>
              <Table.Th w={140}>{t('groups.members')}</Table.Th>
              <Table.Th w={60} aria-label={t('common.actions')} />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {flattenTree(groups.data.items).map((node) => (
              <GroupRow key={node.group.id} node={node} actions={actions} />
            ))}
          </Table.Tbody>
        </Table>
      )}
    </>
  );
}

type Actions = ReturnType<typeof useGroupActions>;

function useGroupActions() {
  const { t } = useTranslation();
  const create = useCreateGroup();
  const update = useUpdateGroup();
  const remove = useDeleteGroup();
  return {
    create: (parent?: GroupView) =>
      openNameDialog({
        title: parent ? t('groups.newBelow', { name: parent.name }) : t('groups.new'),
        label: t('common.name'),
        submit: t('common.create'),
        onSubmit: (name) => create.mutateAsync({ name, parent_id: parent?.id }),
      }),
    rename: (group: GroupView) =>
      openNameDialog({
        title: t('common.rename'),
        label: t('common.name'),
        initial: group.name,
        submit: t('common.rename'),
        onSubmit: (name) => update.mutateAsync({ id: group.id, name }),
      }),
    delete: (group: GroupView) =>
      modals.openConfirmModal({
        title: t('groups.deleteTitle', { name: group.name }),
        centered: true,
        children: <Text size="sm">{t('groups.deleteText')}</Text>,
        labels: { confirm: t('common.delete'), cancel: t('common.cancel') },
        confirmProps: { color: 'red' },
        onConfirm: () => remove.mutate(group.id, { onError: notifyError }),
      }),
  };
}

function GroupRow({ node: { group, depth }, actions }: { node: GroupNode; actions: Actions }) {
  const { t } = useTranslation();
  const members = () => openMembersDialog(group);
  return (
    <Table.Tr>
      <Table.Td style={{ paddingLeft: 16 + depth * 24 }}>
        <UnstyledButton onClick={members} mih={40} style={{ display: 'flex', alignItems: 'center', gap: 10 }}>
          <IconUsersGroup size={20} stroke={1.6} />
          <Text size="sm" fw={500}>
            {group.name}
          </Text>
        </UnstyledButton>
      </Table.Td>
      <Table.Td>
        <Button size="compact-sm" variant="subtle" leftSection={<IconUsers size={16} />} onClick={members} aria-label={t('groups.membersOf', { name: group.name })}>
          {t('groups.memberCount', { count: group.member_count })}
        </Button>
      </Table.Td>
      <Table.Td>
        <Menu position="bottom-end" width={180}>
          <Menu.Target>
            <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t('folders.actionsFor', { name: group.name })}>
              <IconDots size={18} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item leftSection={<IconPlus size={16} />} onClick={() => actions.create(group)}>
              {t('groups.addBelow')}
            </Menu.Item>
            <Menu.Item leftSection={<IconPencil size={16} />} onClick={() => actions.rename(group)}>
              {t('common.rename')}
            </Menu.Item>
            <Menu.Divider />
            <Menu.Item color="red" leftSection={<IconTrash size={16} />} onClick={() => actions.delete(group)}>
              {t('common.delete')}
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </Table.Td>
    </Table.Tr>
  );
}
