import { ActionIcon, Menu } from '@mantine/core';
import {
  IconDots,
  IconDownload,
  IconFolderSymlink,
  IconHistory,
  IconPencil,
  IconTrash,
  IconUpload,
  IconUsers,
} from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { apiUrl } from '../../api/client';
import type { DocumentView, FolderView } from '../../api/types';
import { useDocumentActions, useFolderActions } from './useFolderActions';

function MenuFrame({ name, children }: { name: string; children: ReactNode }) {
  const { t } = useTranslation();
  return (
    <Menu position="bottom-end" width={200} withinPortal>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t('folders.actionsFor', { name })}>
          <IconDots size={18} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>{children}</Menu.Dropdown>
    </Menu>
  );
}

export function FolderMenu({ folder, onDeleted }: { folder: FolderView; onDeleted?: () => void }) {
  const { t } = useTranslation();
  const actions = useFolderActions();
  const can = (ability: FolderView['abilities'][number]) => folder.abilities.includes(ability);
  if (!can('rename') && !can('move') && !can('share') && !can('delete')) return null;
  return (
    <MenuFrame name={folder.name}>
      {can('rename') && (
        <Menu.Item leftSection={<IconPencil size={16} />} onClick={() => actions.rename(folder)}>
          {t('common.rename')}
        </Menu.Item>
      )}
      {can('move') && folder.parent_id !== null && (
        <Menu.Item leftSection={<IconFolderSymlink size={16} />} onClick={() => actions.move(folder)}>
          {t('common.move')}
        </Menu.Item>
      )}
      {can('share') && (
        <Menu.Item leftSection={<IconUsers size={16} />} onClick={() => actions.share(folder)}>
          {t('folders.rights')}
        </Menu.Item>
      )}
      {can('delete') && (
        <>
          <Menu.Divider />
          <Menu.Item color="red" leftSection={<IconTrash size={16} />} onClick={() => actions.delete(folder, onDeleted)}>
            {t('common.delete')}
          </Menu.Item>
        </>
      )}
    </MenuFrame>
  );
}

/** What can be done with a document; also used on the document's own page. */
export function DocumentMenu({ document, onDeleted }: { document: DocumentView; onDeleted?: () => void }) {
  const { t } = useTranslation();
  const actions = useDocumentActions();
  const can = (ability: DocumentView['abilities'][number]) => document.abilities.includes(ability);
  return (
    <MenuFrame name={document.name}>
      {document.kind === 'file' && can('download') && (
        <Menu.Item
          component="a"
          href={apiUrl(`/documents/${document.id}/content`)}
          download={document.name}
          leftSection={<IconDownload size={16} />}
        >
          {t('common.download')}
        </Menu.Item>
      )}
      {document.kind === 'file' && can('edit') && (
        <Menu.Item leftSection={<IconUpload size={16} />} onClick={() => void actions.addVersion(document)}>
          {t('folders.uploadVersion')}
        </Menu.Item>
      )}
      <Menu.Item component={Link} to={`/documents/${document.id}?panel=versions`} leftSection={<IconHistory size={16} />}>
        {t('versions.title')}
      </Menu.Item>
      {can('rename') && (
        <Menu.Item leftSection={<IconPencil size={16} />} onClick={() => actions.rename(document)}>
          {t('common.rename')}
        </Menu.Item>
      )}
      {can('move') && (
        <Menu.Item leftSection={<IconFolderSymlink size={16} />} onClick={() => actions.move(document)}>
          {t('common.move')}
        </Menu.Item>
      )}
      {can('share') && (
        <Menu.Item leftSection={<IconUsers size={16} />} onClick={() => actions.share(document)}>
          {t('folders.rights')}
        </Menu.Item>
      )}
      {can('delete') && (
        <>
          <Menu.Divider />
          <Menu.Item color="red" leftSection={<IconTrash size={16} />} onClick={() => actions.delete(document, onDeleted)}>
            {t('common.delete')}
          </Menu.Item>
        </>
      )}
    </MenuFrame>
  );
}
