import { Button, Menu } from '@mantine/core';
import { IconChalkboard, IconFileUpload, IconFolderPlus, IconFolderUp, IconNotes, IconPlus, IconUpload, IconUsers } from '@tabler/icons-react';
import { useCallback, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate, useParams } from 'react-router';
import type { FolderView } from '../../api/types';
import { EmptyState } from '../../shared/EmptyState';
import { ErrorNotice } from '../../shared/ErrorNotice';
import { Loading } from '../../shared/Loading';
import { PageHeader } from '../../shared/PageHeader';
import { useTitle } from '../../shared/useTitle';
import { Breadcrumbs } from '../../shell/Breadcrumbs';
import { DropArea } from '../uploads/DropArea';
import { ImportFileItem } from '../exchange/ImportFileItem';
import { readPicked } from '../uploads/dropped';
import { uploads } from '../uploads/manager';
import { pickFiles } from '../uploads/pick';
import { HoldBadge } from '../holds/HoldBadge';
import { FolderUsage } from '../usage/FolderUsage';
import { NearlyFull } from '../usage/NearlyFull';
import { useChildren, useFolder } from './api';
import { FolderList, type Entry } from './FolderList';
import { FolderTabs } from './FolderTabs';
import { FolderSelection } from './FolderSelection';
import { FolderMenu } from './RowMenu';
import { useDocumentActions, useFolderActions } from './useFolderActions';

export function FolderPage() {
  const { id = '' } = useParams();
  const folder = useFolder(id);
  useTitle(folder.data?.name);
  if (folder.isPending) return <Loading />;
  if (!folder.data) {
    return (
      <div style={{ padding: 16 }}>
        <ErrorNotice error={folder.error} onRetry={() => void folder.refetch()} />
      </div>
    );
  }
  return <Folder key={id} folder={folder.data} />;
}

function Folder({ folder }: { folder: FolderView }) {
  const navigate = useNavigate();
  const mayUpload = folder.abilities.includes('upload');
  const parent = folder.path.filter((part) => part.id !== folder.id).at(-1);
  return (
    <DropArea folderId={folder.id} folderName={folder.name} enabled={mayUpload}>
      <PageHeader title={folder.name} above={<Breadcrumbs path={folder.path.filter((part) => part.id !== folder.id)} />}>
        {folder.held && <HoldBadge small={false} />}
        <FolderButtons folder={folder} />
        <FolderMenu folder={folder} onDeleted={() => void navigate(parent ? `/folders/${parent.id}` : '/')} />
      </PageHeader>
      <FolderTabs folderId={folder.id} current="files">{folder.parent_id == null && <FolderUsage folderId={folder.id} />}</FolderTabs>
      {mayUpload && <NearlyFull folderId={folder.id} />}
      <Contents folder={folder} />
    </DropArea>
  );
}

async function pickInto(folderId: string, folder: boolean) {
  const files = await pickFiles({ folder });
  await uploads.add(folderId, readPicked(files));
}

function FolderButtons({ folder }: { folder: FolderView }) {
  const { t } = useTranslation();
  const folders = useFolderActions();
  const documents = useDocumentActions();
  const mayUpload = folder.abilities.includes('upload');
  const mayCreateFolder = folder.abilities.includes('create_folder');
  return (
    <>
      {folder.abilities.includes('share') && (
        <Button
          variant="default"
          visibleFrom="sm"
          leftSection={<IconUsers size={18} stroke={1.6} />}
          onClick={() => folders.share(folder)}
        >
          {t('folders.rights')}
        </Button>
      )}
      {(mayUpload || mayCreateFolder) && (
        <Menu position="bottom-end" width={200}>
          <Menu.Target>
            <Button leftSection={<IconPlus size={18} />}>{t('folders.new')}</Button>
          </Menu.Target>
          <Menu.Dropdown>
            {mayUpload && (
              <>
                <Menu.Item leftSection={<IconFileUpload size={18} />} onClick={() => void pickInto(folder.id, false)}>
                  {t('folders.uploadFiles')}
                </Menu.Item>
                <Menu.Item leftSection={<IconFolderUp size={18} />} onClick={() => void pickInto(folder.id, true)}>
                  {t('folders.uploadFolder')}
                </Menu.Item>
                <Menu.Divider />
                <Menu.Item leftSection={<IconNotes size={18} />} onClick={() => documents.createPage(folder)}>
                  {t('folders.newPage')}
                </Menu.Item>
                <Menu.Item leftSection={<IconChalkboard size={18} />} onClick={() => documents.createBoard(folder)}>
                  {t('board.new')}
                </Menu.Item>
                <ImportFileItem folder={folder} />
              </>
            )}
            {mayCreateFolder && (
              <Menu.Item leftSection={<IconFolderPlus size={18} />} onClick={() => folders.createFolder(folder)}>
                {t('folders.newFolder')}
              </Menu.Item>
            )}
          </Menu.Dropdown>
        </Menu>
      )}
    </>
  );
}

function Contents({ folder }: { folder: FolderView }) {
  const { t } = useTranslation();
  const children = useChildren(folder.id);
  const { fetchNextPage } = children;
  const entries = useMemo(() => {
    const pages = children.data?.pages ?? [];
    const folders: Entry[] = pages.flatMap((page) => page.folders.map((one) => ({ type: 'folder' as const, folder: one })));
    const documents: Entry[] = pages.flatMap((page) => page.documents.map((one) => ({ type: 'document' as const, document: one })));
    return [...folders, ...documents];
  }, [children.data]);
  const handleLoadMore = useCallback(() => void fetchNextPage(), [fetchNextPage]);
  const [ids, setIds] = useState<ReadonlySet<string>>(() => new Set());
  // What has gone meanwhile is not chosen any more.
  const chosen = entries.filter((entry) => ids.has(entry.type === 'folder' ? entry.folder.id : entry.document.id));

  if (children.isPending) return <Loading />;
  if (!children.data) {
    return (
      <div style={{ padding: 16 }}>
        <ErrorNotice error={children.error} onRetry={() => void children.refetch()} />
      </div>
    );
  }
  if (entries.length === 0) {
    const mayUpload = folder.abilities.includes('upload');
    return (
      <EmptyState
        icon={<IconUpload size={30} stroke={1.5} />}
        title={t('folders.empty')}
        text={mayUpload ? t('folders.emptyUpload') : undefined}
      >
        {mayUpload && (
          <Button mt="sm" variant="light" leftSection={<IconFileUpload size={18} />} onClick={() => void pickInto(folder.id, false)}>
            {t('folders.uploadFiles')}
          </Button>
        )}
      </EmptyState>
    );
  }
  return (
    <>
      <FolderSelection folder={folder} entries={chosen} onClear={() => setIds(new Set())} />
      <FolderList
        entries={entries}
        hasMore={children.hasNextPage && !children.isFetchNextPageError}
        loadingMore={children.isFetchingNextPage}
        chosen={ids}
        onLoadMore={handleLoadMore}
        onChoose={setIds}
      />
    </>
  );
}
