import { ActionIcon, Alert, Button, Drawer, Group, Indicator, Progress, Select, Stack, Text, TextInput, Title, Tooltip } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { IconAdjustmentsHorizontal, IconHelpCircle, IconListSearch, IconZoomQuestion } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router';
import type { DocumentView, SearchView } from '../../api/types';
import { EmptyState } from '../../shared/EmptyState';
import { Loading } from '../../shared/Loading';
import { useTitle } from '../../shared/useTitle';
import { SearchBox } from '../../shell/SearchBox';
import { useSearch } from './api';
import { Chips } from './Chips';
import { Facets } from './Facets';
import { HitCard } from './HitCard';
import { openQueryHelp } from './QueryHelp';
import { SavedSearches } from './SavedSearches';
import classes from './search.module.css';
import { SearchError } from './SearchError';
import { SearchStart } from './SearchStart';
import { fullQuery, isEmpty, NOTHING, readState, SORTS, writeState, type SearchState } from './searchState';
import { SimilarDrawer } from './SimilarDrawer';

export type Change = (change: Partial<SearchState>) => void;

/** Finds documents: words, chosen values and order all stand in the address. */
export function SearchPage() {
  const { t } = useTranslation();
  const [params, setParams] = useSearchParams();
  const state = readState(params);
  const change: Change = (part) => setParams(writeState({ ...state, ...part }));
  const narrow = useMediaQuery('(max-width: 62em)') ?? false;
  // Where the top bar has no room for its box.
  const phone = useMediaQuery('(max-width: 48em)') ?? false;
  const [similar, setSimilar] = useState<DocumentView | null>(null);
  const q = fullQuery(state);
  useTitle(q ? `${q} · ${t('search.title')}` : t('search.title'));

  return (
    <div className={classes.page}>
      {phone && (
        <div className={classes.phoneBox}>
          <SearchBox />
        </div>
      )}
      {isEmpty(state) ? <SearchStart onRun={(next) => setParams(writeState(next))} /> : <Results state={state} change={change} narrow={narrow} onSimilar={setSimilar} />}
      <SimilarDrawer document={similar} onClose={() => setSimilar(null)} />
    </div>
  );
}

interface ResultsProps {
  state: SearchState;
  change: Change;
  /** No room for a column of filters. */
  narrow: boolean;
  onSimilar: (document: DocumentView) => void;
}

function Results({ state, change, narrow, onSimilar }: ResultsProps) {
  const { t } = useTranslation();
  const results = useSearch(state);
  const [showFilters, setShowFilters] = useState(false);
  const q = fullQuery(state);
  const first = results.data?.pages[0];
  const hits = results.data?.pages.flatMap((page) => page.items) ?? [];
  const chosen = state.filters.reduce((sum, filter) => sum + filter.values.length, 0) + (state.after || state.before ? 1 : 0);
  const facets = <Facets facets={first?.facets ?? []} state={state} change={change} />;
  return (
    <div className={classes.columns}>
      {!narrow && (
        <aside className={classes.side} aria-label={t('search.filters')}>
          {facets}
        </aside>
      )}
      <section className={classes.main} aria-busy={results.isFetching}>
        <Group justify="space-between" align="center" gap="xs">
          <div>
            <Title order={1} size="h3">
              {t('search.title')}
            </Title>
            <Text size="sm" c="dimmed" role="status">
              {first && !results.error ? `${t('search.resultCount', { count: first.total })} · ${t('search.took', { ms: first.took_ms })}` : '\u00a0'}
            </Text>
          </div>
          <Group gap={6} wrap="nowrap">
            {narrow && (
              <Indicator label={chosen} size={16} disabled={chosen === 0}>
                <Button variant="default" size="xs" leftSection={<IconAdjustmentsHorizontal size={16} />} onClick={() => setShowFilters(true)}>
                  {t('search.filters')}
                </Button>
              </Indicator>
            )}
            <Select
              aria-label={t('search.sort')}
              size="xs"
              w={104}
              allowDeselect={false}
              value={SORTS.find((sort) => sort === state.sort) ?? null}
              placeholder={t('search.sort')}
              data={SORTS.map((value) => ({ value, label: t(`search.sort.${value}`) }))}
              onChange={(value) => change({ sort: value ?? 'relevance', order: null })}
              comboboxProps={{ withinPortal: true }}
            />
            <SavedSearches state={state} onRun={(next) => change({ ...NOTHING, ...next })} />
            <Tooltip label={t('search.help')}>
              <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t('search.help')} onClick={openQueryHelp}>
                <IconHelpCircle size={20} />
              </ActionIcon>
            </Tooltip>
          </Group>
        </Group>
        {q !== '' && (first?.total ?? 0) > 1 && <Within key={state.within.length} onSubmit={(text) => change({ within: [...state.within, text] })} />}
        <Chips state={state} change={change} facets={first?.facets ?? []} />
        {first?.rebuilding && <Rebuilding progress={first.rebuilding} />}
        {results.isLoading && <Loading />}
        {results.error && <SearchError q={q} error={results.error} onRetry={() => void results.refetch()} />}
        {first && !results.error && hits.length === 0 && <Nothing state={state} change={change} />}
        {!results.error && (
          <Stack component="ol" gap={0} p={0} m={0} className={classes.hits} data-stale={results.isPlaceholderData || undefined} aria-label={t('search.results')}>
            {hits.map((hit) => (
              <HitCard key={hit.document.id} hit={hit} q={q} onSimilar={() => onSimilar(hit.document)} />
            ))}
          </Stack>
        )}
        {results.hasNextPage && !results.error && (
          <Button variant="light" loading={results.isFetchingNextPage} onClick={() => void results.fetchNextPage()}>
            {t('common.loadMore')}
          </Button>
        )}
      </section>
      <Drawer
        opened={narrow && showFilters}
        onClose={() => setShowFilters(false)}
        position="right"
        size="min(88vw, 340px)"
        title={t('search.filters')}
        closeButtonProps={{ 'aria-label': t('common.close') }}
      >
        {facets}
        <Button fullWidth mt="md" onClick={() => setShowFilters(false)}>
          {t('search.showResults', { count: first?.total ?? 0 })}
        </Button>
      </Drawer>
    </div>
  );
}

/** Further words that the results must have. */
function Within({ onSubmit }: { onSubmit: (text: string) => void }) {
  const { t } = useTranslation();
  const [text, setText] = useState('');
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim()) onSubmit(text.trim());
      }}
    >
      <TextInput
        size="xs"
        maw={320}
        aria-label={t('search.within')}
        placeholder={t('search.within')}
        leftSection={<IconListSearch size={16} />}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        autoComplete="off"
      />
    </form>
  );
}

function Rebuilding({ progress }: { progress: NonNullable<SearchView['rebuilding']> }) {
  const { t } = useTranslation();
  const { done, total } = progress;
  const share = total > 0 ? Math.min(100, (done / total) * 100) : 0;
  return (
    <Alert color="yellow" title={t('search.rebuilding')}>
      {total > 0 && (
        <>
          <Text size="sm" mb={6}>
            {t('search.rebuildingProgress', { done, total })}
          </Text>
          <Progress value={share} color="yellow" aria-label={t('search.rebuilding')} />
        </>
      )}
    </Alert>
  );
}

/** What else one could try. */
function Nothing({ state, change }: { state: SearchState; change: Change }) {
  const { t } = useTranslation();
  const filtered = state.filters.length > 0 || state.after !== null || state.before !== null || state.folder !== null;
  return (
    <EmptyState icon={<IconZoomQuestion size={36} stroke={1.5} />} title={t('search.nothing')}>
      <Stack component="ul" gap={4} ta="start" c="dimmed" fz="sm" m={0} pl="lg">
        <li>{t('search.hint.shorter')}</li>
        <li>{t('search.hint.spaces')}</li>
        <li>{t('search.hint.or')}</li>
        <li>{t('search.hint.rights')}</li>
      </Stack>
      <Group mt="sm" justify="center">
        {state.within.length > 0 && (
          <Button variant="default" size="xs" onClick={() => change({ within: [] })}>
            {t('search.searchAllAgain')}
          </Button>
        )}
        {filtered && (
          <Button variant="light" size="xs" onClick={() => change({ filters: [], after: null, before: null, folder: null })}>
            {t('search.clearFilters')}
          </Button>
        )}
        <Button variant="subtle" size="xs" onClick={openQueryHelp}>
          {t('search.help')}
        </Button>
      </Group>
    </EmptyState>
  );
}
