import { Button, Group, ScrollArea, Stack, Text, UnstyledButton, ActionIcon } from '@mantine/core';
import { modals } from '@mantine/modals';
import { IconChevronRight, IconFolder } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { FolderView } from '../../api/types';
import { errorText } from '../../i18n/errorText';
import { useLibraries, useSubfolders } from './api';
import classes from './MoveDialog.module.css';

interface Options {
  title: string;
  /** What there is to know before. */
  text?: string;
  /** What the button says, by the name of the folder. */
  submit?: (target: string) => string;
  /** A folder cannot go into itself: it and everything below is left out. */
  exceptId?: string;
  onMove: (target: FolderView) => Promise<unknown>;
}

/** Asks for the folder to move something to. */
export function openMoveDialog({ title, ...options }: Options): void {
  const id = modals.open({ title, centered: true, children: <MoveForm {...options} onClose={() => modals.close(id)} /> });
}

function MoveForm({ text, submit, exceptId, onMove, onClose }: Omit<Options, 'title'> & { onClose: () => void }) {
  const { t } = useTranslation();
  const libraries = useLibraries();
  const [target, setTarget] = useState<FolderView>();
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);

  async function handleMove() {
    if (!target) return;
    setBusy(true);
    setError(undefined);
    try {
      await onMove(target);
      onClose();
    } catch (thrown) {
      setError(thrown);
      setBusy(false);
    }
  }

  return (
    <Stack>
      {text && (
        <Text size="sm" c="dimmed">
          {text}
        </Text>
      )}
      <ScrollArea.Autosize mah="50vh" mih={200} type="auto">
        <ul className={classes.tree} role="tree" aria-label={t('folders.moveTarget')}>
          {libraries.data?.items.map((folder) => (
            <Choice key={folder.id} folder={folder} depth={0} exceptId={exceptId} chosen={target?.id} onChoose={setTarget} />
          ))}
        </ul>
      </ScrollArea.Autosize>
      {error !== undefined && (
        <Text size="sm" c="var(--mantine-color-error)" role="alert">
          {errorText(t, error)}
        </Text>
      )}
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose}>
          {t('common.cancel')}
        </Button>
        <Button onClick={() => void handleMove()} disabled={!target} loading={busy}>
          {target ? (submit?.(target.name) ?? t('folders.moveHere', { name: target.name })) : submit ? t('common.confirm') : t('common.move')}
        </Button>
      </Group>
    </Stack>
  );
}

interface ChoiceProps {
  folder: FolderView;
  depth: number;
  exceptId: string | undefined;
  chosen: string | undefined;
  onChoose: (folder: FolderView) => void;
}

function Choice({ folder, depth, exceptId, chosen, onChoose }: ChoiceProps) {
  const { t } = useTranslation();
  const [expanded, setExpanded] = useState(false);
  const below = useSubfolders(folder.id, expanded);
  if (folder.id === exceptId) return null;
  const allowed = folder.abilities.includes('upload');
  return (
    <li role="treeitem" aria-expanded={expanded} aria-selected={chosen === folder.id} aria-label={folder.name}>
      <div className={classes.item} data-chosen={chosen === folder.id || undefined} style={{ paddingLeft: depth * 18 }}>
        <ActionIcon
          variant="transparent"
          color="gray"
          size={28}
          aria-label={t(expanded ? 'shell.collapse' : 'shell.expand', { name: folder.name })}
          onClick={() => setExpanded(!expanded)}
        >
          <IconChevronRight size={14} style={{ transform: expanded ? 'rotate(90deg)' : undefined }} />
        </ActionIcon>
        <UnstyledButton
          className={classes.name}
          disabled={!allowed}
          onClick={() => onChoose(folder)}
          onDoubleClick={() => setExpanded(true)}
        >
          <IconFolder size={18} stroke={1.6} />
          <Text size="sm" truncate c={allowed ? undefined : 'dimmed'}>
            {folder.name}
          </Text>
        </UnstyledButton>
      </div>
      {expanded && below.data && (
        <ul className={classes.tree} role="group">
          {below.data.map((child) => (
            <Choice key={child.id} folder={child} depth={depth + 1} exceptId={exceptId} chosen={chosen} onChoose={onChoose} />
          ))}
        </ul>
      )}
    </li>
  );
}
