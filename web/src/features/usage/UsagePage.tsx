import { ActionIcon, Badge, Group, Table, Tabs, Text } from '@mantine/core';
import { IconPencil } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { AllUsageView, OwnerUsageView } from '../../api/types';
import { ErrorNotice } from '../../shared/ErrorNotice';
import { formatBytes } from '../../shared/format';
import { Loading } from '../../shared/Loading';
import { PageHeader } from '../../shared/PageHeader';
import { useTitle } from '../../shared/useTitle';
import { useAllUsage } from './api';
import { openQuotaDialog } from './QuotaDialog';
import { StorageHealth } from './StorageHealth';
import { UsageBar } from './UsageBar';

/** For administrators: how much libraries and people keep, and may. */
export function UsagePage() {
  const { t } = useTranslation();
  const usage = useAllUsage();
  useTitle(t('shell.usage'));
  return (
    <>
      <PageHeader title={t('shell.usage')} />
      <Text size="sm" c="dimmed" px="md" pb="sm" maw={760}>
        {t('usage.about')}
      </Text>
      {usage.isPending && <Loading />}
      {usage.error && (
        <div style={{ padding: 16 }}>
          <ErrorNotice error={usage.error} onRetry={() => void usage.refetch()} />
        </div>
      )}
      {usage.data && <UsageTabs usage={usage.data} />}
    </>
  );
}

function UsageTabs({ usage }: { usage: AllUsageView }) {
  const { t } = useTranslation();
  return (
    <Tabs defaultValue="libraries" keepMounted={false}>
      <Tabs.List px="md">
        <Tabs.Tab value="libraries">{t('usage.libraries')}</Tabs.Tab>
        <Tabs.Tab value="users">{t('usage.people')}</Tabs.Tab>
        <Tabs.Tab value="health">{t('usage.health')}</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="libraries">
        <Owners of="libraries" owners={usage.libraries} fallback={usage.default_library_bytes ?? null} />
      </Tabs.Panel>
      <Tabs.Panel value="users">
        <Owners of="users" owners={usage.users} fallback={usage.default_user_bytes ?? null} />
      </Tabs.Panel>
      <Tabs.Panel value="health">
        <StorageHealth />
      </Tabs.Panel>
    </Tabs>
  );
}

function Owners({ of, owners, fallback }: { of: 'libraries' | 'users'; owners: OwnerUsageView[]; fallback: number | null }) {
  const { t } = useTranslation();
  const sorted = [...owners].sort((one, other) => other.used_bytes - one.used_bytes);
  return (
    <Table verticalSpacing="sm" horizontalSpacing="md" mb={96} layout="fixed" aria-label={t(of === 'users' ? 'usage.people' : 'usage.libraries')}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{t('common.name')}</Table.Th>
          <Table.Th w="38%">{t('usage.column')}</Table.Th>
          <Table.Th visibleFrom="sm" w={170}>
            {t('usage.quota')}
          </Table.Th>
          <Table.Th w={64} aria-label={t('common.actions')} />
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {sorted.map((owner) => (
          <Table.Tr key={owner.id}>
            <Table.Td>
              <Text size="sm" fw={500} truncate title={owner.name}>
                {owner.name}
              </Text>
            </Table.Td>
            <Table.Td>
              <UsageBar usage={owner} label={t('usage.of', { name: owner.name })} />
            </Table.Td>
            <Table.Td visibleFrom="sm">
              <Group gap={6}>
                <Text size="sm">{owner.limit_bytes == null ? t('usage.unlimited') : formatBytes(owner.limit_bytes)}</Text>
                {owner.is_default && (
                  <Badge size="sm" color="gray" variant="light" tt="none">
                    {t('usage.isDefault')}
                  </Badge>
                )}
              </Group>
            </Table.Td>
            <Table.Td>
              <ActionIcon
                variant="subtle"
                color="gray"
                size="lg"
                aria-label={t('usage.edit', { name: owner.name })}
                onClick={() => openQuotaDialog({ of, owner, fallback })}
              >
                <IconPencil size={18} />
              </ActionIcon>
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
