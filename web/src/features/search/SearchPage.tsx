import { Alert, Anchor, Badge, Button, Card, Group, Select, Stack, Text, Title } from '@mantine/core';
import { IconSearch, IconZoomQuestion } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { Link, useSearchParams } from 'react-router';
import { ApiError } from '../../api/client';
import type { SearchHit } from '../../api/types';
import { EmptyState } from '../../shared/EmptyState';
import { ErrorNotice } from '../../shared/ErrorNotice';
import { formatTime } from '../../shared/format';
import { Loading } from '../../shared/Loading';
import { useTitle } from '../../shared/useTitle';
import { FileIcon } from '../documents/FileIcon';
import { useSearch } from './api';
import { Marked } from './Marked';

const TYPES = ['pdf', 'word', 'excel', 'ppt', 'image', 'text', 'mail', 'page', 'board'] as const;
const SORTS = ['relevance', 'newest', 'oldest', 'name', 'size'] as const;

/** Where a hit leads: the document at the page with the words marked. */
function hitAddress(hit: SearchHit, q: string, page?: number | null): string {
  const params = new URLSearchParams();
  if (page) params.set('page', String(page));
  if (hit.document.kind === 'file') params.set('q', q);
  const query = params.toString();
  return `/documents/${hit.document.id}${hit.document.kind === 'file' && query ? `?${query}` : ''}`;
}

export function SearchPage() {
  const { t } = useTranslation();
  const [params, setParams] = useSearchParams();
  const q = params.get('q') ?? '';
  const type = params.get('type') ?? undefined;
  const sort = params.get('sort') ?? 'relevance';
  useTitle(q ? `${q} · ${t('search.title')}` : t('search.title'));
  const results = useSearch({ q, type, sort });
  const first = results.data?.pages[0];
  const hits = results.data?.pages.flatMap((page) => page.items) ?? [];

  const setParam = (key: string, value: string | null) =>
    setParams((old) => {
      if (value) old.set(key, value);
      else old.delete(key);
      return old;
    });

  return (
    <Stack p="md" maw={900} mx="auto">
      <Group justify="space-between" align="end">
        <div>
          <Title order={1} size="h3">
            {t('search.title')}
          </Title>
          {first && (
            <Text size="sm" c="dimmed" role="status">
              {t('search.resultCount', { count: first.total })} · {t('search.took', { ms: first.took_ms })}
            </Text>
          )}
        </div>
        <Group gap="xs">
          <Select
            aria-label={t('search.type')}
            placeholder={t('search.anyType')}
            size="xs"
            w={130}
            clearable
            value={type ?? null}
            data={TYPES.map((value) => ({ value, label: t(`search.type.${value}`) }))}
            onChange={(value) => setParam('type', value)}
          />
          <Select
            aria-label={t('search.sort')}
            size="xs"
            w={130}
            allowDeselect={false}
            value={sort}
            data={SORTS.map((value) => ({ value, label: t(`search.sort.${value}`) }))}
            onChange={(value) => setParam('sort', value)}
          />
        </Group>
      </Group>
      {first?.rebuilding && <Alert color="yellow">{t('search.rebuilding')}</Alert>}
      {results.isLoading && <Loading />}
      {results.error && <SearchError q={q} error={results.error} onRetry={() => void results.refetch()} />}
      {!q && <EmptyState icon={<IconSearch size={40} />} title={t('search.empty')} />}
      {first && hits.length === 0 && <EmptyState icon={<IconZoomQuestion size={40} />} title={t('search.nothing')} />}
      <Stack component="ol" gap="sm" p={0} m={0} style={{ listStyle: 'none' }} aria-label={t('search.results')}>
        {hits.map((hit) => (
          <Hit key={hit.document.id} hit={hit} q={q} />
        ))}
      </Stack>
      {results.hasNextPage && (
        <Button variant="light" loading={results.isFetchingNextPage} onClick={() => void results.fetchNextPage()}>
          {t('common.loadMore')}
        </Button>
      )}
    </Stack>
  );
}

/** A syntax error points at its place in the query. */
function SearchError({ q, error, onRetry }: { q: string; error: Error; onRetry: () => void }) {
  const { t } = useTranslation();
  if (!(error instanceof ApiError) || error.code !== 'query_syntax') return <ErrorNotice error={error} onRetry={onRetry} />;
  const position = Number(error.details.position ?? 0);
  const characters = Array.from(q);
  return (
    <Alert color="orange" title={t('search.syntax')} role="alert">
      <Text ff="monospace">
        {characters.slice(0, position).join('')}
        <Text span c="red" td="underline" fw={700}>
          {characters.slice(position).join('') || '⌷'}
        </Text>
      </Text>
      <Text size="sm">{error.message}</Text>
    </Alert>
  );
}

function Hit({ hit, q }: { hit: SearchHit; q: string }) {
  const { t } = useTranslation();
  const { document } = hit;
  const firstPage = hit.snippets.find((snippet) => snippet.page)?.page ?? hit.pages[0];
  return (
    <Card component="li" withBorder padding="sm">
      <Group gap="xs" wrap="nowrap" align="start">
        <FileIcon kind={document.kind} mediaType={document.media_type} name={document.name} />
        <Stack gap={4} flex={1} miw={0}>
          <Anchor component={Link} to={hitAddress(hit, q, firstPage)} fw={600}>
            <Marked text={document.name} marks={hit.name_marks} />
          </Anchor>
          {hit.snippets.map((snippet, index) => (
            <Text key={index} size="sm" component={Link} to={hitAddress(hit, q, snippet.page)} c="inherit" td="none">
              {snippet.page !== null && (
                <Badge size="sm" variant="light" mr={6} tt="none">
                  {t('search.page', { number: snippet.page })}
                </Badge>
              )}
              <Marked text={snippet.text} marks={snippet.marks} />
            </Text>
          ))}
          <Text size="xs" c="dimmed">
            {document.path.map((folder) => folder.name).join(' / ')} · {document.updated_by.name} · {formatTime(document.updated_at)}
            {hit.pages.length > 1 && ` · ${t('search.pagesWithHits', { count: hit.pages.length })}`}
          </Text>
        </Stack>
      </Group>
    </Card>
  );
}
