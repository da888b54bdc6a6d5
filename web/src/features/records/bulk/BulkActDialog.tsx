// Moves many documents, or puts them into the trash: the question, how far it is, and what became of them.
import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '../../../api/client';
import { ErrorNotice } from '../../../shared/ErrorNotice';
import { useRefreshRecords } from '../api';
import { Outcome, Running } from './Outcome';
import { eachTarget, type Target } from './run';
import { useBulkRun } from './useBulkRun';

interface Props {
  what: 'delete' | { folderId: string; name: string };
  count: number;
  collect: (onCount: (count: number) => void, signal: AbortSignal) => Promise<Target[]>;
  onClose: (changed: boolean) => void;
}

export function BulkActDialog({ what, count, collect, onClose }: Props) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const refresh = useRefreshRecords();
  const { state, run, stop } = useBulkRun();
  const begun = useRef(false);
  const busy = state.step === 'collecting' || state.step === 'running';

  const start = async () => {
    const act = ({ id, isFolder }: Target) => {
      if (what === 'delete') return api.delete<void>(isFolder ? `/folders/${id}` : `/documents/${id}`);
      return isFolder ? api.patch(`/folders/${id}`, { parent_id: what.folderId }) : api.patch(`/documents/${id}`, { folder_id: what.folderId });
    };
    await run(collect, (targets, onProgress, signal) => eachTarget(targets, act, onProgress, signal));
    refresh();
    void client.invalidateQueries({ queryKey: ['trash'] });
    void client.invalidateQueries({ queryKey: ['folders'] });
  };
  useEffect(() => {
    // The folder was chosen in a dialog: that was the question.
    if (what === 'delete' || begun.current) return;
    begun.current = true;
    void start();
    // eslint-disable-next-line react-hooks/exhaustive-deps -- once
  }, []);

  const title = what === 'delete' ? t('records.deleteTitle', { count }) : t('records.moveTitle', { count, name: what.name });
  return (
    <Modal opened onClose={() => onClose(state.step === 'done')} title={title} centered closeOnClickOutside={!busy} closeOnEscape={!busy} withCloseButton={!busy} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <Stack>
        {state.step === 'idle' && (
          <>
            {state.error !== undefined && <ErrorNotice error={state.error} />}
            {what === 'delete' && <Text size="sm">{t('records.deleteText')}</Text>}
          </>
        )}
        {busy && <Running progress={state.progress} total={state.total} collecting={state.step === 'collecting'} />}
        {state.step === 'done' && <Outcome progress={state.progress} total={state.total} />}
        <Group justify="flex-end">
          {busy ? (
            <Button variant="default" onClick={stop}>
              {t('records.stop')}
            </Button>
          ) : (
            <Button variant={state.step === 'done' ? 'filled' : 'default'} onClick={() => onClose(state.step === 'done')}>
              {t(state.step === 'done' ? 'common.close' : 'common.cancel')}
            </Button>
          )}
          {state.step === 'idle' && what === 'delete' && (
            <Button color="red" onClick={() => void start()}>
              {t('folders.toTrash')}
            </Button>
          )}
        </Group>
      </Stack>
    </Modal>
  );
}
