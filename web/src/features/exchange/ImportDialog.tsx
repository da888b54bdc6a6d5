// How far is the page that is being made of a file? One dialog from the first step to the page, or to what went wrong.
import { Alert, Anchor, Button, Group, Loader, Progress, Stack, Text } from '@mantine/core';
import { modals } from '@mantine/modals';
import { notifications } from '@mantine/notifications';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';
import { ApiError } from '../../api/client';
import type { DocumentView } from '../../api/types';
import i18n from '../../i18n/i18n';
import { errorText } from '../../i18n/errorText';
import type { ImportError, ImportProgress } from './importPage';

type Source = Pick<DocumentView, 'id' | 'name' | 'folder_id'>;

/** For menus and buttons: makes a page of a file and opens it. */
export function useImportPage(): (document: Source) => void {
  const navigate = useNavigate();
  return (document) => {
    const id = modals.open({
      title: i18n.t('exchange.importTitle', { name: document.name }),
      centered: true,
      closeOnClickOutside: false,
      closeOnEscape: false,
      withCloseButton: false,
      children: (
        <Importing
          document={document}
          onClose={() => modals.close(id)}
          onOpen={(page) => {
            modals.close(id);
            void navigate(`/documents/${page}`);
          }}
        />
      ),
    });
  };
}

interface Props {
  document: Source;
  onClose: () => void;
  onOpen: (pageId: string) => void;
}

function Importing({ document, onClose, onOpen }: Props) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [progress, setProgress] = useState<ImportProgress>({ step: 'converting', done: 0, total: 0 });
  const [failure, setFailure] = useState<unknown>();
  const [control] = useState(() => new AbortController());

  useEffect(() => {
    let shown = true;
    const run = async () => {
      try {
        // The editor's schema is large: it comes when it is needed.
        const { importPage } = await import('./importPage');
        const { page, warnings } = await importPage(document, (now) => shown && setProgress(now), control.signal);
        if (warnings.some((warning) => warning.code === 'pictures_left_out')) {
          notifications.show({ color: 'yellow', withBorder: true, autoClose: 8000, message: t('exchange.picturesLeftOut') });
        }
        if (shown) onOpen(page.id);
      } catch (error) {
        if (shown) setFailure(error);
      } finally {
        void client.invalidateQueries({ queryKey: ['children'] });
      }
    };
    // Deferred: in development React mounts twice, and one file is one page.
    const timer = setTimeout(() => void run(), 0);
    return () => {
      shown = false;
      clearTimeout(timer);
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- one run for one dialog
  }, []);

  if (failure !== undefined) return <Failed failure={failure} onClose={onClose} onOpen={onOpen} />;
  const share = progress.total > 0 ? (100 * progress.done) / progress.total : 0;
  return (
    <Stack>
      <Group wrap="nowrap" role="status" aria-live="polite">
        <Loader size="sm" />
        <Text size="sm">{t(`exchange.step.${progress.step}`, { done: progress.done, total: progress.total })}</Text>
      </Group>
      <Progress value={share} animated={progress.step === 'converting'} aria-label={t('exchange.progress')} />
      <Group justify="flex-end">
        <Button variant="default" onClick={() => control.abort(new DOMException('cancelled', 'AbortError'))}>
          {t('common.cancel')}
        </Button>
      </Group>
    </Stack>
  );
}

function isImportError(error: unknown): error is ImportError {
  return error instanceof Error && 'leftPage' in error;
}

function Failed({ failure, onClose, onOpen }: { failure: unknown; onClose: () => void; onOpen: (pageId: string) => void }) {
  const { t } = useTranslation();
  const reason = isImportError(failure) ? failure.reason : failure;
  const left = isImportError(failure) ? failure.leftPage : null;
  const cancelled = reason instanceof DOMException && reason.name === 'AbortError';
  return (
    <Stack>
      <Alert color={cancelled ? 'gray' : 'red'} title={t(cancelled ? 'exchange.cancelled' : 'exchange.failed')} role="alert">
        {!cancelled && errorText(t, reason instanceof Error ? reason : new ApiError('unknown', String(reason), 0))}
        {left && (
          <Text size="sm" mt="xs">
            {t('exchange.incomplete')}{' '}
            <Anchor component="button" type="button" size="sm" onClick={() => onOpen(left.id)}>
              {left.name}
            </Anchor>
          </Text>
        )}
      </Alert>
      <Group justify="flex-end">
        <Button onClick={onClose}>{t('common.close')}</Button>
      </Group>
    </Stack>
  );
}
