import { Anchor, Box, Button, Card, Center, SegmentedControl, Stack, Text } from '@mantine/core';
import { IconUserCheck } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import type { AssignedAnnotationView } from '../../api/types';
import { EmptyState } from '../../shared/EmptyState';
import { ErrorNotice } from '../../shared/ErrorNotice';
import { formatShortTime } from '../../shared/format';
import { Loading } from '../../shared/Loading';
import { PageHeader } from '../../shared/PageHeader';
import { useTitle } from '../../shared/useTitle';
import { useAssigned, type AssignedState } from './api';
import classes from './comments.module.css';

function Item({ item }: { item: AssignedAnnotationView }) {
  const { t } = useTranslation();
  return (
    <Card withBorder padding="sm" component="li">
      <Text size="xs" c="dimmed" mb={6}>
        {item.created_by?.name ?? t('comments.unknown')} · {formatShortTime(item.created_at)} · {item.document_name}
      </Text>
      <span className={classes.quote}>{item.quote}</span>
      <Anchor component={Link} to={`/documents/${item.document_id}?comment=${item.id}`} c="inherit" className={classes.words} lineClamp={3}>
        {item.text}
      </Anchor>
      {item.message_count > 1 && (
        <Text size="xs" c="dimmed" mt={4}>
          {t('comments.replies', { count: item.message_count - 1 })}
        </Text>
      )}
    </Card>
  );
}

/** What colleagues wait for, over all documents. */
export function AssignedPage() {
  const { t } = useTranslation();
  const [state, setState] = useState<AssignedState>('open');
  const assigned = useAssigned(state);
  useTitle(t('comments.assigned'));
  const items = assigned.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      <PageHeader title={t('comments.assigned')} />
      <Box px="md" pb="md" maw={900}>
        <SegmentedControl
          mb="md"
          size="xs"
          aria-label={t('comments.filter')}
          value={state}
          onChange={(value) => setState(value as AssignedState)}
          data={[
            { value: 'open', label: t('comments.open') },
            { value: 'resolved', label: t('comments.done') },
          ]}
        />
        {assigned.isPending && <Loading />}
        {assigned.error && <ErrorNotice error={assigned.error} onRetry={() => void assigned.refetch()} />}
        {assigned.data && items.length === 0 && (
          <EmptyState
            icon={<IconUserCheck size={32} stroke={1.5} />}
            title={state === 'open' ? t('comments.assignedNone') : t('comments.assignedDone')}
            text={state === 'open' ? t('comments.assignedNoneHint') : undefined}
          />
        )}
        <Stack component="ul" gap="sm" p={0} m={0} style={{ listStyle: 'none' }}>
          {items.map((item) => (
            <Item key={`${item.document_id}/${item.id}`} item={item} />
          ))}
        </Stack>
        {assigned.hasNextPage && (
          <Center mt="md">
            <Button variant="default" loading={assigned.isFetchingNextPage} onClick={() => void assigned.fetchNextPage()}>
              {t('comments.showMore')}
            </Button>
          </Center>
        )}
      </Box>
    </>
  );
}
