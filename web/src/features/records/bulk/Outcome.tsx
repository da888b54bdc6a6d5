import { Alert, Anchor, Group, Loader, Progress as Bar, ScrollArea, Stack, Table, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { codeText } from '../../../i18n/errorText';
import type { Progress } from './run';

/** How far a change of many documents is. */
export function Running({ progress, total, collecting }: { progress: Progress; total: number; collecting: boolean }) {
  const { t } = useTranslation();
  return (
    <Stack gap="xs">
      <Group gap="sm" wrap="nowrap" role="status" aria-live="polite">
        <Loader size="xs" />
        <Text size="sm">{collecting ? t('records.collecting', { count: total }) : t('records.editing', { done: progress.done, total })}</Text>
      </Group>
      <Bar value={collecting || total === 0 ? 0 : (100 * progress.done) / total} aria-label={t('records.progress')} />
    </Stack>
  );
}

/** So many reasons are listed. */
const LISTED = 200;

/** What became of each document: how many went well, and every one that did not, with the reason. */
export function Outcome({ progress, total }: { progress: Progress; total: number }) {
  const { t } = useTranslation();
  const { changed, failures } = progress;
  const left = total - progress.done;
  return (
    <Stack gap="sm">
      <Alert color={failures.length === 0 && left === 0 ? 'teal' : 'orange'} variant="light" role="status">
        <Text size="sm" fw={600}>
          {t('records.outcomeDone', { count: changed })}
        </Text>
        {failures.length > 0 && <Text size="sm">{t('records.outcomeFailed', { count: failures.length })}</Text>}
        {left > 0 && <Text size="sm">{t('records.outcomeLeft', { count: left })}</Text>}
      </Alert>
      {failures.length > 0 && (
        <ScrollArea.Autosize mah="40vh" type="auto">
          <Table striped verticalSpacing={6} aria-label={t('records.failures')}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t('common.name')}</Table.Th>
                <Table.Th w="42%">{t('records.reason')}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {failures.slice(0, LISTED).map((failure) => (
                <Table.Tr key={failure.id}>
                  <Table.Td>
                    <Anchor component={Link} to={`/documents/${failure.id}`} target="_blank" size="sm">
                      {failure.name}
                    </Anchor>
                  </Table.Td>
                  <Table.Td>
                    <Text size="sm">
                      {failure.property && t('records.fieldReason', { name: failure.property })}
                      {codeText(t, failure.code, failure.message)}
                    </Text>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
          {failures.length > LISTED && (
            <Text size="xs" c="dimmed" p="xs">
              {t('records.moreFailures', { count: failures.length - LISTED })}
            </Text>
          )}
        </ScrollArea.Autosize>
      )}
    </Stack>
  );
}
