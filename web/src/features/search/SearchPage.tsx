import { Anchor, List, Stack, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link, useSearchParams } from 'react-router';
import { api } from '../../api/client';
import type { SearchView } from '../../api/types';
import { useTitle } from '../../shared/useTitle';

export function SearchPage() {
  const { t } = useTranslation();
  const [params] = useSearchParams();
  const q = params.get('q') ?? '';
  useTitle(t('search.title'));
  const results = useQuery({ queryKey: ['search', q], queryFn: () => api.get<SearchView>('/search', { q }), enabled: q !== '' });
  return (
    <Stack p="md">
      <Title order={2}>{t('search.title')}</Title>
      {results.data && t('search.resultCount', { count: results.data.total })}
      <List>
        {results.data?.items.map((hit) => (
          <List.Item key={hit.document.id}>
            <Anchor component={Link} to={`/documents/${hit.document.id}`}>
              {hit.document.name}
            </Anchor>
          </List.Item>
        ))}
      </List>
    </Stack>
  );
}
