import { ActionIcon, Menu } from '@mantine/core';
import {
  IconCheck,
  IconDots,
  IconDownload,
  IconFolderSymlink,
  IconHistory,
  IconInfoCircle,
  IconLock,
  IconStack2,
  IconPencil,
  IconShieldLock,
  IconTrash,
  IconUpload,
  IconUsers,
} from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { apiUrl } from '../../api/client';
import type { DocumentView, FolderView } from '../../api/types';
import { ImportMenuItem } from '../exchange/ImportItem';
import { openDetails } from '../records/details/openDetails';
import { useCurrentUser } from '../session/api';
import { downloadZip } from './download';
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
  const mayDownload = folder.role !== 'previewer';
  if (!mayDownload && !can('rename') && !can('move') && !can('share') && !can('delete') && !folder.held) return null;
  return (
    <MenuFrame name={folder.name}>
      {mayDownload && (
        <Menu.Item leftSection={<IconDownload size={16} />} onClick={() => void downloadZip({ documents: [], folders: [folder.id], name: folder.name })}>
          {t('common.download')}
        </Menu.Item>
      )}
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
      {can('set_retention') && (
        <Menu.Item leftSection={<IconStack2 size={16} />} onClick={() => actions.retention(folder)}>
          {t('retention.menu')}
        </Menu.Item>
      )}
      {(can('hold') || folder.held) && (
        <Menu.Item leftSection={<IconLock size={16} />} onClick={() => actions.hold(folder)}>
          {t(folder.held ? 'holds.menuHeld' : 'holds.menu')}
        </Menu.Item>
      )}
      {can('delete') && (
        <>
          <Menu.Divider />
          <Menu.Item color="red" disabled={folder.held} leftSection={<IconTrash size={16} />} onClick={() => actions.delete(folder, onDeleted)}>
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
      <ImportMenuItem document={document} />
      {document.kind === 'file' && can('upload') && (
        <Menu.Item leftSection={<IconUpload size={16} />} onClick={() => void actions.addVersion(document)}>
          {t('folders.uploadVersion')}
        </Menu.Item>
      )}
      <Menu.Item leftSection={<IconInfoCircle size={16} />} onClick={() => openDetails(document)}>
        {t('records.details')}
      </Menu.Item>
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
      {can('set_level') && <LevelMenu level={document.level} onChange={(level) => actions.setLevel(document, level)} />}
      {(can('hold') || document.held) && (
        <Menu.Item leftSection={<IconLock size={16} />} onClick={() => actions.hold(document)}>
          {t(document.held ? 'holds.menuHeld' : 'holds.menu')}
        </Menu.Item>
      )}
      {can('delete') && (
        <>
          <Menu.Divider />
          <Menu.Item color="red" disabled={document.held} leftSection={<IconTrash size={16} />} onClick={() => actions.delete(document, onDeleted)}>
            {t('common.delete')}
          </Menu.Item>
        </>
      )}
    </MenuFrame>
  );
}

const LEVELS = [0, 1, 2, 3] as const;

function LevelMenu({ level, onChange }: { level: number; onChange: (level: number) => void }) {
  const { t } = useTranslation();
  const { clearance } = useCurrentUser();
  return (
    <Menu.Sub position="left-start">
      <Menu.Sub.Target>
        <Menu.Sub.Item leftSection={<IconShieldLock size={16} />}>{t('folders.level')}</Menu.Sub.Item>
      </Menu.Sub.Target>
      <Menu.Sub.Dropdown>
        {LEVELS.map((value) => (
          <Menu.Item
            key={value}
            disabled={value > clearance}
            rightSection={value === level ? <IconCheck size={16} /> : null}
            onClick={() => onChange(value)}
          >
            {t(`common.level.${value}`)}
          </Menu.Item>
        ))}
      </Menu.Sub.Dropdown>
    </Menu.Sub>
  );
}
