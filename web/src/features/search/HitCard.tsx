import { ActionIcon, Anchor, Badge, Group, Menu, Stack, Text } from '@mantine/core';
import { IconDots, IconDownload, IconFiles, IconFolder } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { apiUrl } from '../../api/client';
import type { SearchHit } from '../../api/types';
import { formatBytes, formatTime } from '../../shared/format';
import { FileIcon } from '../documents/FileIcon';
import { hitAddress } from './addresses';
import { Marked } from './Marked';
import classes from './search.module.css';

/** Pages with hits that are listed; the viewer lists all. */
const PAGES_SHOWN = 8;

interface Props {
  hit: SearchHit;
  q: string;
  onSimilar: () => void;
}

/** A document that was found: its picture, where the words stand in it, and where it lies. */
export function HitCard({ hit, q, onSimilar }: Props) {
  const { t } = useTranslation();
  const { document } = hit;
  const firstPage = hit.snippets.find((snippet) => snippet.page)?.page ?? hit.pages[0];
  const tags = (document as { tags?: string[] }).tags ?? [];
  return (
    <li className={classes.hit}>
      <Thumbnail hit={hit} page={firstPage ?? 1} to={hitAddress(hit, q, firstPage)} />
      <Stack gap={4} flex={1} miw={0}>
        <Group gap={8} wrap="nowrap" align="start">
          <span className={classes.hitIcon}>
            <FileIcon kind={document.kind} mediaType={document.media_type} name={document.name} size={20} />
          </span>
          <Anchor component={Link} to={hitAddress(hit, q, firstPage)} fw={600} flex={1} miw={0}>
            <Marked text={document.name} marks={hit.name_marks} />
          </Anchor>
          <HitMenu hit={hit} onSimilar={onSimilar} />
        </Group>
        {hit.snippets.map((snippet, index) => (
          <Text key={index} size="sm" component={Link} to={hitAddress(hit, q, snippet.page)} className={classes.snippet}>
            {typeof snippet.page === 'number' && (
              <Badge size="sm" variant="light" mr={6} tt="none" className={classes.pageBadge}>
                {t('search.page', { number: snippet.page })}
              </Badge>
            )}
            <Marked text={snippet.text} marks={snippet.marks} />
          </Text>
        ))}
        {document.kind === 'file' && hit.pages.length > 1 && <HitPages hit={hit} q={q} />}
        <Group gap="2px 8px" className={classes.facts}>
          <span>{document.path.map((folder) => folder.name).join(' / ')}</span>
          <span>{document.updated_by.name}</span>
          <span>{formatTime(document.updated_at)}</span>
          {document.kind === 'file' && <span>{formatBytes(document.size_bytes)}</span>}
          {typeof document.page_count === 'number' && document.page_count > 0 && <span>{t('search.pageCount', { count: document.page_count })}</span>}
          {document.level > 1 && (
            <Badge size="xs" color={document.level === 3 ? 'red' : 'orange'} variant="light">
              {t(`common.level.${document.level as 2 | 3}`)}
            </Badge>
          )}
          {tags.map((tag) => (
            <Badge key={tag} size="xs" variant="outline" color="gray" tt="none">
              {tag}
            </Badge>
          ))}
        </Group>
      </Stack>
    </li>
  );
}

/** The page of the first hit; decoration beside the name. */
function Thumbnail({ hit, page, to }: { hit: SearchHit; page: number; to: string }) {
  const { document } = hit;
  const [failed, setFailed] = useState(false);
  const drawn = document.kind === 'file' && document.processing.state === 'ready' && (document.page_count ?? 0) > 0 && !failed;
  return (
    <Link to={to} className={classes.thumbnail} tabIndex={-1} aria-hidden>
      {drawn ? (
        <img
          src={apiUrl(`/documents/${document.id}/pages/${page}.webp`, { version: document.version, width: 160 })}
          alt=""
          loading="lazy"
          decoding="async"
          onError={() => setFailed(true)}
        />
      ) : (
        <FileIcon kind={document.kind} mediaType={document.media_type} name={document.name} size={34} />
      )}
    </Link>
  );
}

function HitPages({ hit, q }: { hit: SearchHit; q: string }) {
  const { t } = useTranslation();
  return (
    <Group gap={4} component="nav" aria-label={t('search.pagesOf', { name: hit.document.name })}>
      <Text size="xs" c="dimmed">
        {t('search.pagesWithHits', { count: hit.pages.length })}
      </Text>
      {hit.pages.slice(0, PAGES_SHOWN).map((page) => (
        <Link key={page} to={hitAddress(hit, q, page)} className={classes.pageLink} aria-label={t('search.page', { number: page })}>
          {page}
        </Link>
      ))}
      {hit.pages.length > PAGES_SHOWN && (
        <Text size="xs" c="dimmed" aria-hidden>
          …
        </Text>
      )}
    </Group>
  );
}

function HitMenu({ hit, onSimilar }: { hit: SearchHit; onSimilar: () => void }) {
  const { t } = useTranslation();
  const { document } = hit;
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={t('folders.actionsFor', { name: document.name })} className={classes.hitMenu}>
          <IconDots size={18} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconFiles size={16} />} onClick={onSimilar}>
          {t('search.similar')}
        </Menu.Item>
        <Menu.Item component={Link} to={`/folders/${document.folder_id}`} leftSection={<IconFolder size={16} />}>
          {t('search.openFolder')}
        </Menu.Item>
        {document.kind === 'file' && document.abilities.includes('download') && (
          <Menu.Item component="a" href={apiUrl(`/documents/${document.id}/content`)} download={document.name} leftSection={<IconDownload size={16} />}>
            {t('common.download')}
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
