import { ActionIcon, Alert, Badge, Breadcrumbs, Button, Center, Group, Loader, NumberInput, Stack, Text, Title, Tooltip } from '@mantine/core';
import { IconDownload, IconHistory, IconLock, IconSearch, IconZoomIn, IconZoomOut } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useSearchParams } from 'react-router';
import { ApiError, apiUrl } from '../../api/client';
import type { DocumentView, PagesView } from '../../api/types';
import { codeText } from '../../i18n/errorText';
import { ErrorNotice } from '../../shared/ErrorNotice';
import { ProcessingBadge } from '../documents/ProcessingBadge';
import { ImportButton } from '../exchange/ImportItem';
import { useDetails } from '../records/details/DetailsToggle';
import { VersionsDrawer } from '../versions/VersionsDrawer';
import { usePages, useRecognition } from './api';
import { FindBar } from './FindBar';
import { PageList, type PageListHandle } from './PageList';
import { PasswordForm } from './PasswordForm';
import { useFinding, type Finding } from './useFinding';
import classes from './viewer.module.css';

interface Props {
  document: DocumentView;
}

const ZOOMS = [0.5, 0.75, 1, 1.25, 1.5, 2, 3];

/** Ctrl+F and F3 find in the document, not in the few pages that exist in the browser. */
function useFindKeys(finding: Finding, hasPages: boolean, onFind: () => void): void {
  useEffect(() => {
    // Without pages the browser's own search sees everything.
    if (!hasPages) return;
    const handleKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || document.querySelector('[role=dialog][aria-modal=true]')) return;
      const command = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
      if (command && event.key.toLowerCase() === 'f') onFind();
      else if (event.key === 'F3' && finding.wanted) finding.go(event.shiftKey ? -1 : 1);
      else if (event.key === 'F3') onFind();
      else return;
      event.preventDefault();
    };
    window.addEventListener('keydown', handleKey);
    return () => window.removeEventListener('keydown', handleKey);
  }, [finding, hasPages, onFind]);
}

/**
 * Shows the pages of a file, or of one of its versions (`?version=`), at a page (`?page=`) with words marked: those of a
 * search (`?q=`), or text that was looked for here (`?find=`).
 */
export function ViewerPage({ document }: Props) {
  const { t } = useTranslation();
  const [params] = useSearchParams();
  const version = Number(params.get('version')) || undefined;
  const wantedPage = Number(params.get('page')) || 1;
  const pages = usePages(document.id, version);
  useRecognition(document);
  const hasPages = (pages.data?.page_count ?? 0) > 0;
  // Of the version whose pages are shown, also when a newer one arrives meanwhile.
  const finding = useFinding(document.id, pages.isPlaceholderData ? undefined : pages.data?.version, wantedPage);
  const [focusFind, setFocusFind] = useState(0);
  const [openFind] = useState(() => () => setFocusFind((count) => count + 1));
  const { open } = finding;
  useEffect(() => {
    if (focusFind > 0) open();
  }, [focusFind, open]);
  useFindKeys(finding, hasPages, openFind);
  const [zoom, setZoom] = useState(1);
  const [showVersions, setShowVersions] = useState(params.get('panel') === 'versions');
  const [page, setPage] = useState(wantedPage);
  const list = useRef<PageListHandle>(null);
  const details = useDetails(document);

  const content = version ? `/documents/${document.id}/versions/${version}/content` : `/documents/${document.id}/content`;
  const oldVersion = version !== undefined && version !== document.version;
  return (
    <div className={classes.viewer}>
      <Group className={classes.bar} px="md" py={6} gap="xs" wrap="wrap">
        <Stack gap={0} flex={1} miw={{ base: 72, sm: 140 }}>
          <Breadcrumbs visibleFrom="sm">
            {document.path.map((folder) => (
              <Text key={folder.id} component={Link} to={`/folders/${folder.id}`} size="xs" c="dimmed">
                {folder.name}
              </Text>
            ))}
          </Breadcrumbs>
          <Title order={1} size="h4" lineClamp={1}>
            {document.name}
          </Title>
        </Stack>
        {pages.data && hasPages && (
          <>
            <Tooltip label={t('viewer.find')}>
              <ActionIcon variant={finding.isOpen ? 'light' : 'subtle'} color={finding.isOpen ? undefined : 'gray'} size="lg" aria-label={t('viewer.find')} aria-expanded={finding.isOpen} onClick={() => (finding.isOpen ? finding.close() : openFind())}>
                <IconSearch size={20} />
              </ActionIcon>
            </Tooltip>
            <PageNumber page={page} count={pages.data.page_count} onGo={(number) => list.current?.goTo(number)} />
            <Zoom zoom={zoom} onZoom={setZoom} />
          </>
        )}
        {document.processing.recognising && (
          <Tooltip label={t('viewer.recognisingHint')} multiline maw={300}>
            <span>
              <ProcessingBadge processing={document.processing} />
            </span>
          </Tooltip>
        )}
        {document.locked_by && (
          <Badge color="orange" variant="light" tt="none" leftSection={<IconLock size={12} />}>
            {t('drive.lockedBy', { name: document.locked_by.user.name })}
          </Badge>
        )}
        <Tooltip label={t('versions.title')}>
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t('versions.title')} onClick={() => setShowVersions(true)}>
            <IconHistory size={20} />
          </ActionIcon>
        </Tooltip>
        {details.button}
        <ImportButton document={document} />
        {document.kind === 'file' && document.abilities.includes('download') && (
          <>
            <Button visibleFrom="sm" component="a" href={apiUrl(content)} download={document.name} variant="light" size="xs" leftSection={<IconDownload size={16} />}>
              {t('viewer.download')}
            </Button>
            <ActionIcon hiddenFrom="sm" component="a" href={apiUrl(content)} download={document.name} variant="light" size="lg" aria-label={t('viewer.download')}>
              <IconDownload size={20} />
            </ActionIcon>
          </>
        )}
      </Group>
      {oldVersion && (
        <Alert color="yellow" py={6} radius={0}>
          {t('viewer.oldVersion', { number: version })}{' '}
          <Link to={`/documents/${document.id}`}>{t('viewer.toCurrent')}</Link>
        </Alert>
      )}
      {hasPages && finding.isOpen && <FindBar finding={finding} focus={focusFind} />}
      <div className={classes.beside}>
        <Pages
          key={`${version ?? 'head'}-${wantedPage}`}
          ref={list}
          document={document}
          pages={pages.data}
          error={pages.error}
          isOldVersion={oldVersion}
          onRetry={() => void pages.refetch()}
          zoom={zoom}
          finding={finding}
          initialPage={wantedPage}
          onPage={setPage}
        />
        {details.aside}
      </div>
      <VersionsDrawer document={document} opened={showVersions} onClose={() => setShowVersions(false)} />
    </div>
  );
}

interface PagesProps extends Props {
  ref: React.Ref<PageListHandle>;
  pages: PagesView | undefined;
  error: Error | null;
  isOldVersion: boolean;
  onRetry: () => void;
  zoom: number;
  finding: Finding;
  initialPage: number;
  onPage: (number: number) => void;
}

function Pages({ ref, document, pages, error, isOldVersion, onRetry, ...shown }: PagesProps) {
  const { t } = useTranslation();
  const code = error instanceof ApiError ? error.code : null;
  if (code === 'preview_failed') {
    const reason = error instanceof ApiError ? String(error.details.reason ?? '') : '';
    const asksForPassword = reason === 'document_encrypted' && !isOldVersion && document.abilities.includes('edit');
    return (
      <Center flex={1} p="md">
        <Alert color="orange" title={t('viewer.failedTitle')} role="alert">
          {codeText(t, reason || 'preview_failed', error?.message)}
          {asksForPassword && <PasswordForm documentId={document.id} />}
        </Alert>
      </Center>
    );
  }
  if (error && code !== 'preview_not_ready') {
    return (
      <Stack flex={1} p="md">
        <ErrorNotice error={error} onRetry={onRetry} />
      </Stack>
    );
  }
  if (!pages || code === 'preview_not_ready') {
    return (
      <Center flex={1} p="md">
        <Group role="status">
          <Loader size="sm" />
          <Text>{t('viewer.waiting')}</Text>
        </Group>
      </Center>
    );
  }
  if (pages.page_count === 0) {
    return (
      <Center flex={1} p="md">
        <Text c="dimmed">{t('viewer.noPages')}</Text>
      </Center>
    );
  }
  return (
    <PageList
      {...shown}
      ref={ref}
      documentId={document.id}
      pages={pages}
      initialPage={Math.min(Math.max(shown.initialPage, 1), pages.page_count)}
    />
  );
}

function PageNumber({ page, count, onGo }: { page: number; count: number; onGo: (number: number) => void }) {
  const { t } = useTranslation();
  return (
    <Group gap={4} wrap="nowrap">
      <NumberInput
        key={page}
        aria-label={t('viewer.page')}
        size="xs"
        w={{ base: 48, sm: 64 }}
        hideControls
        min={1}
        max={count}
        defaultValue={page}
        onKeyDown={(event) => {
          const number = Number(event.currentTarget.value);
          if (event.key === 'Enter' && number >= 1 && number <= count) onGo(number);
        }}
      />
      <Text size="sm" c="dimmed" style={{ whiteSpace: 'nowrap' }}>
        / {count}
      </Text>
    </Group>
  );
}

function Zoom({ zoom, onZoom }: { zoom: number; onZoom: (zoom: number) => void }) {
  const { t } = useTranslation();
  const at = ZOOMS.indexOf(zoom);
  const step = (by: number) => onZoom(ZOOMS[Math.min(Math.max(at + by, 0), ZOOMS.length - 1)] ?? 1);
  return (
    <Group gap={2} wrap="nowrap" visibleFrom="xs">
      <ActionIcon variant="subtle" color="gray" aria-label={t('viewer.zoomOut')} disabled={at <= 0} onClick={() => step(-1)}>
        <IconZoomOut size={18} />
      </ActionIcon>
      <Text size="xs" w={38} ta="center">
        {Math.round(zoom * 100)}%
      </Text>
      <ActionIcon variant="subtle" color="gray" aria-label={t('viewer.zoomIn')} disabled={at >= ZOOMS.length - 1} onClick={() => step(1)}>
        <IconZoomIn size={18} />
      </ActionIcon>
    </Group>
  );
}
