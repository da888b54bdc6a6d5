// Where am I, and where can I go? The tree of libraries; folders below are read when they are expanded.
import { ActionIcon, Box, Text, UnstyledButton } from '@mantine/core';
import { IconBooks, IconChevronRight, IconFolder, IconFolderOpen, IconBook2 } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useMatch } from 'react-router';
import type { FolderView } from '../api/types';
import { useDocument } from '../features/documents/api';
import { folderKey, useFolder, useLibraries, useSubfolders } from '../features/folders/api';
import classes from './LibraryTree.module.css';

/** The folder on the screen: the opened one, or that of the opened document. */
function useCurrentFolder(): FolderView | undefined {
  const client = useQueryClient();
  const folderId = useMatch('/folders/:id/*')?.params.id;
  const documentId = useMatch('/documents/:id/*')?.params.id;
  const document = useDocument(documentId);
  const id = folderId ?? document.data?.folder_id;
  const folder = useFolder(id);
  return folder.data ?? (id ? client.getQueryData<FolderView>(folderKey(id)) : undefined);
}

export function LibraryTree() {
  const { t } = useTranslation();
  const libraries = useLibraries();
  const current = useCurrentFolder();
  const home = useMatch('/');
  const open = new Set(current?.path.map((part) => part.id) ?? []);
  return (
    <nav aria-label={t('shell.libraryTree')} className={classes.tree}>
      <Link to="/" className={classes.heading} data-active={home ? true : undefined} aria-current={home ? 'page' : undefined}>
        <IconBooks size={18} stroke={1.6} />
        {t('shell.libraries')}
      </Link>
      <ul>
        {libraries.data?.items.map((library) => (
          <TreeItem key={library.id} folder={library} depth={0} current={current?.id} open={open} />
        ))}
      </ul>
    </nav>
  );
}

interface ItemProps {
  folder: FolderView;
  depth: number;
  current: string | undefined;
  open: Set<string>;
}

function TreeItem({ folder, depth, current, open }: ItemProps) {
  const { t } = useTranslation();
  const onPath = open.has(folder.id);
  // Undefined: the tree follows the page; a click on the arrow decides from then on.
  const [chosen, setChosen] = useState<boolean>();
  const expanded = chosen ?? onPath;
  const below = useSubfolders(folder.id, expanded);
  const active = current === folder.id;
  const empty = expanded && below.data?.length === 0;
  const Icon = depth === 0 && folder.parent_id === null ? IconBook2 : expanded ? IconFolderOpen : IconFolder;
  return (
    <li>
      <Box className={classes.item} data-active={active || undefined} style={{ paddingLeft: 4 + depth * 14 }}>
        <ActionIcon
          size={22}
          variant="transparent"
          color="gray"
          aria-label={t(expanded ? 'shell.collapse' : 'shell.expand', { name: folder.name })}
          aria-expanded={expanded}
          onClick={() => setChosen(!expanded)}
          style={{ visibility: empty ? 'hidden' : undefined }}
        >
          <IconChevronRight size={14} className={classes.arrow} data-expanded={expanded || undefined} />
        </ActionIcon>
        <UnstyledButton
          component={Link}
          to={`/folders/${folder.id}`}
          className={classes.link}
          title={folder.name}
          aria-current={active ? 'page' : undefined}
        >
          <Icon size={18} stroke={1.6} className={classes.icon} />
          <Text size="sm" truncate component="span">
            {folder.name}
          </Text>
        </UnstyledButton>
      </Box>
      {expanded && below.data && below.data.length > 0 && (
        <ul>
          {below.data.map((child) => (
            <TreeItem key={child.id} folder={child} depth={depth + 1} current={current} open={open} />
          ))}
        </ul>
      )}
    </li>
  );
}
