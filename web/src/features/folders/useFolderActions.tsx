// What can be done with folders and documents in a list: the dialogs behind every menu.
import { Button, Group, Text } from '@mantine/core';
import { modals } from '@mantine/modals';
import { notifications } from '@mantine/notifications';
import { useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';
import type { DocumentView, FolderView } from '../../api/types';
import { openNameDialog } from '../../shared/NameDialog';
import { notifyDone, notifyError } from '../../shared/notify';
import { useCreatePage, useDeleteDocument, useUpdateDocument } from '../documents/api';
import { openHoldDialog } from '../holds/HoldDialog';
import { openRetentionDialog } from '../retention/RetentionDialog';
import { openRightsDialog } from '../rights/RightsDialog';
import { openNewPageDialog } from '../templates/NewPageDialog';
import { refreshPlaces, restoreEntry } from '../trash/api';
import { uploads } from '../uploads/manager';
import { pickFiles } from '../uploads/pick';
import { useCreateFolder, useDeleteFolder, useUpdateFolder } from './api';
import { openMoveDialog } from './MoveDialog';

/** Tells that something lies in the trash, and takes it out again for whoever did not mean that. */
function useShowDeleted() {
  const { t } = useTranslation();
  const client = useQueryClient();

  async function handleUndo(id: string, name: string, notice: string) {
    notifications.hide(notice);
    try {
      await restoreEntry(id);
      notifyDone(t('trash.restored', { name }));
    } catch (error) {
      notifyError(error);
    } finally {
      refreshPlaces(client);
    }
  }

  return ({ id, name }: { id: string; name: string }) => {
    const notice = `deleted-${id}`;
    notifications.show({
      id: notice,
      withBorder: true,
      autoClose: 8000,
      closeButtonProps: { 'aria-label': t('common.close') },
      message: (
        <Group justify="space-between" wrap="nowrap">
          <Text size="sm">{t('folders.deleted', { name })}</Text>
          <Button size="compact-sm" variant="subtle" flex="none" onClick={() => void handleUndo(id, name, notice)}>
            {t('folders.undo')}
          </Button>
        </Group>
      ),
    });
  };
}

export function useFolderActions() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const showDeleted = useShowDeleted();
  const createFolder = useCreateFolder();
  const updateFolder = useUpdateFolder();
  const deleteFolder = useDeleteFolder();

  return {
    createLibrary: () =>
      openNameDialog({
        title: t('folders.newLibrary'),
        label: t('folders.libraryName'),
        submit: t('common.create'),
        onSubmit: async (name) => {
          const library = await createFolder.mutateAsync({ name });
          void navigate(`/folders/${library.id}`);
        },
      }),
    createFolder: (parent: FolderView) =>
      openNameDialog({
        title: t('folders.newFolder'),
        label: t('folders.folderName'),
        submit: t('common.create'),
        onSubmit: (name) => createFolder.mutateAsync({ name, parent_id: parent.id }),
      }),
    rename: (folder: FolderView) =>
      openNameDialog({
        title: t('common.rename'),
        label: t('common.name'),
        initial: folder.name,
        submit: t('common.rename'),
        onSubmit: (name) => updateFolder.mutateAsync({ id: folder.id, name }),
      }),
    move: (folder: FolderView) =>
      openMoveDialog({
        title: t('folders.moveTitle', { name: folder.name }),
        exceptId: folder.id,
        onMove: async (target) => {
          await updateFolder.mutateAsync({ id: folder.id, parent_id: target.id });
          notifyDone(t('folders.moved', { name: folder.name, target: target.name }));
        },
      }),
    share: (folder: FolderView) => 
      openRightsDialog({
        kind: 'folders',
        id: folder.id,
        name: folder.name,
        inherits: folder.inherits,
        isRoot: folder.parent_id === null,
      }),
    hold: (folder: FolderView) =>
      openHoldDialog({ kind: 'folders', id: folder.id, name: folder.name, mayHold: folder.abilities.includes('hold') }),
    retention: openRetentionDialog,
    delete: (folder: FolderView, onDeleted?: () => void) =>
      modals.openConfirmModal({
        title: t('folders.deleteTitle', { name: folder.name }),
        centered: true,
        children: <Text size="sm">{t('folders.deleteText')}</Text>,
        labels: { confirm: t('folders.toTrash'), cancel: t('common.cancel') },
        confirmProps: { color: 'red' },
        onConfirm: () =>
          deleteFolder.mutate(folder.id, {
            onSuccess: () => {
              showDeleted(folder);
              onDeleted?.();
            },
            onError: notifyError,
          }),
      }),
  };
}

export function useDocumentActions() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const showDeleted = useShowDeleted();
  const createPage = useCreatePage();
  const updateDocument = useUpdateDocument();
  const deleteDocument = useDeleteDocument();

  return {
    createPage: (folder: FolderView) =>
      openNewPageDialog({
        title: t('folders.newPage'),
        onSubmit: async (name, template) => {
          const page = await createPage.mutateAsync({ folder_id: folder.id, name });
          void navigate(`/documents/${page.id}${template === 'blank' ? '' : `?template=${template}`}`);
        },
      }),
    createBoard: (folder: FolderView) =>
      openNameDialog({
        title: t('board.new'),
        label: t('board.name'),
        submit: t('common.create'),
        onSubmit: async (name) => {
          const board = await createPage.mutateAsync({ folder_id: folder.id, name, kind: 'board' });
          void navigate(`/documents/${board.id}`);
        },
      }),
    rename: (document: DocumentView) =>
      openNameDialog({
        title: t('common.rename'),
        label: t('common.name'),
        initial: document.name,
        submit: t('common.rename'),
        onSubmit: (name) => updateDocument.mutateAsync({ id: document.id, name }),
      }),
    move: (document: DocumentView) =>
      openMoveDialog({
        title: t('folders.moveTitle', { name: document.name }),
        onMove: async (target) => {
          await updateDocument.mutateAsync({ id: document.id, folder_id: target.id });
          notifyDone(t('folders.moved', { name: document.name, target: target.name }));
        },
      }),
    share: (document: DocumentView) => 
      openRightsDialog({ kind: 'documents', id: document.id, name: document.name, inherits: document.inherits }),
    addVersion: async (document: DocumentView) => {
      const [file] = await pickFiles({ multiple: false });
      if (file) uploads.addVersion(document, file);
    },
    hold: (document: DocumentView) =>
      openHoldDialog({ kind: 'documents', id: document.id, name: document.name, mayHold: document.abilities.includes('hold') }),
    setLevel: (document: DocumentView, level: number) =>
      updateDocument.mutate({ id: document.id, level }, { onError: notifyError }),
    delete: (document: DocumentView, onDeleted?: () => void) =>
      deleteDocument.mutate(document.id, {
        onSuccess: () => {
          showDeleted(document);
          onDeleted?.();
        },
        onError: notifyError,
      }),
  };
}
