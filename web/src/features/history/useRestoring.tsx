import { Button, Group, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type * as Y from 'yjs';
import type { DocumentView } from '../../api/types';
import { notifyDone, notifyError } from '../../shared/notify';
import { useRefreshTimeline } from './api';
import type { Engine } from './engine';
import { restoreAll, restoreBlocks } from './restore';
import { changePage, type Restored } from './restorePage';
import type { TreeNode } from './tree';

/** The one notice about what was restored last. */
const NOTICE = 'history-restored';

/** Restores in the live page, and offers to take it back as long as the notice is shown. */
export function useRestoring(document: DocumentView, engine: Engine | null, lastSeq: number) {
  const { t } = useTranslation();
  const [busy, setBusy] = useState(false);
  const refresh = useRefreshTimeline(document.id);
  const last = useRef<Restored | null>(null);
  useEffect(() => () => last.current?.close(), []);

  const change = async (seq: number, what: string, apply: (then: TreeNode[]) => (body: Y.XmlFragment) => void) => {
    if (!engine || busy) return false;
    setBusy(true);
    try {
      const { nodes } = await engine.compare(Math.min(seq, lastSeq), Math.min(seq, lastSeq));
      const restored = await changePage(document.id, apply(nodes));
      notifications.hide(NOTICE);
      last.current?.close();
      last.current = restored;
      notifications.show({
        id: NOTICE,
        color: 'teal',
        withBorder: true,
        // Not over the slider.
        position: 'top-center',
        autoClose: 20_000,
        onClose: () => {
          restored.close();
          if (last.current === restored) last.current = null;
        },
        closeButtonProps: { 'aria-label': t('common.close') },
        message: (
          <Group gap="xs" justify="space-between">
            <Text size="sm">{what}</Text>
            <Group gap={4}>
              <Button size="compact-xs" variant="light" onClick={() => void undo(restored)}>
                {t('history.undo')}
              </Button>
              <Button size="compact-xs" variant="subtle" component="a" href={`/documents/${document.id}`}>
                {t('history.backToPage')}
              </Button>
            </Group>
          </Group>
        ),
      });
      await refresh();
      return true;
    } catch (thrown) {
      notifyError(thrown);
      return false;
    } finally {
      setBusy(false);
    }
  };
  const undo = async (restored: Restored) => {
    try {
      await restored.undo();
      notifyDone(t('history.undone'));
      await refresh();
    } catch (thrown) {
      notifyError(thrown);
    }
    notifications.hide(NOTICE);
  };

  return {
    busy,
    all: (seq: number, time: string) => change(seq, t('history.restored', { time }), (then) => (body) => restoreAll(body, then)),
    blocks: (seq: number, compared: TreeNode[], chosen: Set<string>) =>
      change(seq, t('history.restoredBlocks', { count: chosen.size }), (then) => (body) => restoreBlocks(body, compared, chosen, then)),
  };
}
