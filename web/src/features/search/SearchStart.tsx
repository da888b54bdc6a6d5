import { Anchor, Button, CloseButton, Group, SimpleGrid, Stack, Text, Title, UnstyledButton } from '@mantine/core';
import { IconBookmark, IconHistory } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { notifyError } from '../../shared/notify';
import { useEarlierSearches, useForgetSearch, useSavedSearches } from './api';
import { Examples } from './QueryHelp';
import { SavedActions } from './SavedSearches';
import classes from './search.module.css';
import { fromSaved, searchAddress, type SearchState } from './searchState';

const EARLIER_SHOWN = 10;

/** Before anything is searched: what was searched and kept before, and how to ask. */
export function SearchStart({ onRun }: { onRun: (state: SearchState) => void }) {
  const { t } = useTranslation();
  const saved = useSavedSearches();
  const earlier = useEarlierSearches(true);
  const forget = useForgetSearch();
  const savedItems = saved.data?.items ?? [];
  const earlierItems = earlier.data?.items ?? [];
  return (
    <Stack className={classes.start} gap="xl">
      <div>
        <Title order={1} size="h3">
          {t('search.title')}
        </Title>
        <Text size="sm" c="dimmed">
          {t('search.empty')}
        </Text>
      </div>
      <SimpleGrid cols={{ base: 1, sm: savedItems.length > 0 && earlierItems.length > 0 ? 2 : 1 }} spacing="xl">
        {savedItems.length > 0 && (
          <section>
            <Group gap={8} mb={6}>
              <IconBookmark size={18} aria-hidden />
              <Title order={2} size="h5">
                {t('search.saved')}
              </Title>
            </Group>
            <ul className={classes.plainList} aria-label={t('search.saved')}>
              {savedItems.map((one) => (
                <li key={one.id}>
                  <UnstyledButton onClick={() => onRun(fromSaved(one.query))}>{one.name}</UnstyledButton>
                  <SavedActions saved={one} />
                </li>
              ))}
            </ul>
          </section>
        )}
        {earlierItems.length > 0 && (
          <section>
            <Group gap={8} mb={6} justify="space-between">
              <Group gap={8}>
                <IconHistory size={18} aria-hidden />
                <Title order={2} size="h5">
                  {t('shell.earlierSearches')}
                </Title>
              </Group>
              <Button variant="subtle" size="compact-xs" color="gray" onClick={() => forget.mutate(null, { onError: notifyError })}>
                {t('search.forgetAll')}
              </Button>
            </Group>
            <ul className={classes.plainList} aria-label={t('shell.earlierSearches')}>
              {earlierItems.slice(0, EARLIER_SHOWN).map((one) => (
                <li key={one.id}>
                  <Anchor component={Link} to={searchAddress({ q: one.q })} c="inherit">
                    {one.q}
                  </Anchor>
                  <CloseButton size="sm" aria-label={t('shell.forgetSearch', { q: one.q })} onClick={() => forget.mutate(one.id, { onError: notifyError })} />
                </li>
              ))}
            </ul>
          </section>
        )}
      </SimpleGrid>
      <section>
        <Title order={2} size="h5" mb={6}>
          {t('search.help')}
        </Title>
        <Examples />
        <Text size="xs" c="dimmed" mt="xs">
          {t('search.helpNote')}
        </Text>
      </section>
    </Stack>
  );
}
