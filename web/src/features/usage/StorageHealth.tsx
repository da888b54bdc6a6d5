import { Alert, Anchor, Card, List, Stack, Table, Text, Title } from '@mantine/core';
import { IconAlertTriangle, IconCircleCheck, IconInfoCircle } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import type { DamageView, StorageView } from '../../api/types';
import { ErrorNotice } from '../../shared/ErrorNotice';
import { formatBytes, formatTime } from '../../shared/format';
import { Loading } from '../../shared/Loading';
import { useStorage } from './api';

/** What is damaged and is no version. */
const OTHERS: Record<string, 'usage.damagedUpload' | 'usage.damagedKey' | 'usage.damagedUnused'> = {
  upload: 'usage.damagedUpload',
  key: 'usage.damagedKey',
  unused: 'usage.damagedUnused',
};

/** For administrators: is everything stored still what it was, and what became of what nobody needs any more? */
export function StorageHealth() {
  const storage = useStorage();
  if (storage.isPending) return <Loading />;
  if (storage.error) {
    return (
      <div style={{ padding: 16 }}>
        <ErrorNotice error={storage.error} onRetry={() => void storage.refetch()} />
      </div>
    );
  }
  return (
    <Stack p="md" gap="md" maw={860} mb={96}>
      <Verified storage={storage.data} />
      <Collected storage={storage.data} />
    </Stack>
  );
}

function Verified({ storage }: { storage: StorageView }) {
  const { t } = useTranslation();
  const { verified, damaged } = storage;
  const report = verified?.report;
  const found = report?.damage ?? [];
  const isDamaged = damaged.length > 0 || found.length > 0 || (report?.damaged_objects ?? 0) > 0;
  return (
    <Card withBorder component="section" aria-label={t('usage.verify')}>
      <Title order={2} size="h4" mb={4}>
        {t('usage.verify')}
      </Title>
      <Text size="sm" c="dimmed" mb="sm">
        {t('usage.verifyAbout')}
      </Text>
      {!verified && (
        <Alert color="blue" variant="light" icon={<IconInfoCircle />}>
          {t('usage.neverVerified')}
        </Alert>
      )}
      {report && !isDamaged && (
        <Alert color="green" variant="light" icon={<IconCircleCheck />} title={t('usage.intact')}>
          {t('usage.intactText', { count: report.versions, size: formatBytes(report.bytes), time: formatTime(verified.at) })}
        </Alert>
      )}
      {report && isDamaged && (
        <>
          <Alert color="red" variant="light" icon={<IconAlertTriangle />} title={t('usage.damaged', { count: report.damaged_versions })} role="alert">
            <Text size="sm">{t('usage.damagedText', { time: formatTime(verified.at) })}</Text>
            <List size="sm" mt={6}>
              <List.Item>{t('usage.damagedCopy')}</List.Item>
              <List.Item>{t('usage.damagedReplace')}</List.Item>
            </List>
          </Alert>
          {found.length > 0 && <Damages damages={found} />}
        </>
      )}
    </Card>
  );
}

function Damages({ damages }: { damages: DamageView[] }) {
  const { t } = useTranslation();
  return (
    <Table mt="sm" layout="fixed" aria-label={t('usage.damagedList')}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{t('common.name')}</Table.Th>
          <Table.Th w={110}>{t('usage.damagedVersion')}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {damages.map((damage) => (
          <Table.Tr key={`${damage.document_id ?? damage.id} ${damage.version}`}>
            <Table.Td>
              {damage.document_id ? (
                <Anchor component={Link} to={`/documents/${damage.document_id}`} size="sm" style={{ overflowWrap: 'anywhere' }}>
                  {damage.document_name}
                </Anchor>
              ) : (
                <Text size="sm">{t(OTHERS[damage.kind] ?? 'usage.damagedPreview')}</Text>
              )}
              <Text size="xs" c="dimmed" truncate title={damage.reason}>
                {t(damage.code === 'missing' ? 'usage.reasonMissing' : 'usage.reasonDamaged')}
              </Text>
            </Table.Td>
            <Table.Td>{damage.version == null ? '—' : t('usage.version', { number: damage.version })}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function Collected({ storage }: { storage: StorageView }) {
  const { t } = useTranslation();
  const { collected, condemned } = storage;
  return (
    <Card withBorder component="section" aria-label={t('usage.collect')}>
      <Title order={2} size="h4" mb={4}>
        {t('usage.collect')}
      </Title>
      <Text size="sm" c="dimmed" mb="sm">
        {t('usage.collectAbout')}
      </Text>
      <Text size="sm">
        {collected
          ? t('usage.collected', { time: formatTime(collected.at), freed: formatBytes(collected.report.freed.bytes), kept: formatBytes(collected.report.kept.bytes) })
          : t('usage.neverCollected')}
      </Text>
      {condemned.objects > 0 && <Text size="sm">{t('usage.condemned', { size: formatBytes(condemned.bytes) })}</Text>}
      {collected && collected.report.unreadable.length > 0 && (
        <Alert mt="sm" color="orange" variant="light" icon={<IconAlertTriangle />}>
          {t('usage.notCollected')}
        </Alert>
      )}
    </Card>
  );
}
