// Puts something on hold, shows why it is, and lifts that again.
import { Button, Card, Group, Stack, Text, Textarea } from '@mantine/core';
import { modals } from '@mantine/modals';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '../../api/client';
import type { HoldView, Page } from '../../api/types';
import { errorText } from '../../i18n/errorText';
import i18n from '../../i18n/i18n';
import { ErrorNotice } from '../../shared/ErrorNotice';
import { formatTime } from '../../shared/format';
import { Loading } from '../../shared/Loading';
import { notifyDone } from '../../shared/notify';

interface Target {
  kind: 'folders' | 'documents';
  id: string;
  name: string;
  mayHold: boolean;
}

export function openHoldDialog(target: Target): void {
  const id = modals.open({
    title: i18n.t('holds.title', { name: target.name }),
    centered: true,
    closeButtonProps: { 'aria-label': i18n.t('common.close') },
    children: <HoldForm target={target} onClose={() => modals.close(id)} />,
  });
}

function HoldForm({ target, onClose }: { target: Target; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const path = `/${target.kind}/${target.id}/hold`;
  const [note, setNote] = useState('');
  const holds = useQuery({ queryKey: ['hold', target.id], queryFn: () => api.get<Page<HoldView>>(path), staleTime: 0 });
  const change = useMutation({
    mutationFn: (hold: boolean) => (hold ? api.put<void>(path, { note: note.trim() }) : api.delete<void>(path)),
    onSuccess: (_, hold) => {
      for (const queryKey of [['hold'], ['folders'], ['children'], ['documents'], ['trash']]) void client.invalidateQueries({ queryKey });
      notifyDone(t(hold ? 'holds.put' : 'holds.lifted', { name: target.name }));
      onClose();
    },
  });
  if (holds.isPending) return <Loading />;
  if (!holds.data) return <ErrorNotice error={holds.error} onRetry={() => void holds.refetch()} />;
  const isHeld = holds.data.items.some((hold) => hold.own);

  function handleSubmit(event: FormEvent) {
    event.preventDefault();
    change.mutate(!isHeld);
  }

  return (
    <form onSubmit={handleSubmit}>
      <Stack>
        <Text size="sm" c="dimmed">
          {t(target.kind === 'folders' ? 'holds.aboutFolder' : 'holds.aboutDocument')}
        </Text>
        {holds.data.items.map((hold) => (
          <Hold key={`${hold.created_at}-${hold.created_by.id}`} hold={hold} />
        ))}
        {target.mayHold && !isHeld && (
          <Textarea
            label={t('holds.note')}
            placeholder={t('holds.notePlaceholder')}
            autosize
            minRows={2}
            maxLength={500}
            value={note}
            onChange={(event) => setNote(event.currentTarget.value)}
            data-autofocus
          />
        )}
        {change.error && (
          <Text size="sm" c="var(--mantine-color-error)" role="alert">
            {errorText(t, change.error)}
          </Text>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t(target.mayHold ? 'common.cancel' : 'common.close')}
          </Button>
          {target.mayHold && (
            <Button type="submit" loading={change.isPending} color={isHeld ? 'orange' : undefined}>
              {t(isHeld ? 'holds.lift' : 'holds.hold')}
            </Button>
          )}
        </Group>
      </Stack>
    </form>
  );
}

function Hold({ hold }: { hold: HoldView }) {
  const { t } = useTranslation();
  return (
    <Card withBorder padding="sm" bg="var(--mantine-color-orange-light)">
      <Text size="sm" fw={500} style={{ whiteSpace: 'pre-wrap' }}>
        {hold.note || t('holds.noNote')}
      </Text>
      <Text size="xs" c="dimmed">
        {hold.created_by.name} · {formatTime(hold.created_at)}
        {!hold.own && ` · ${hold.from ? t('holds.from', { name: hold.from.name }) : t('holds.fromAbove')}`}
      </Text>
    </Card>
  );
}
