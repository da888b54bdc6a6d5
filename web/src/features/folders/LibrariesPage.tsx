import { Button, Card, Group, SimpleGrid, Text, ThemeIcon } from '@mantine/core';
import { IconBook2, IconBooks, IconPlus } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import type { FolderView } from '../../api/types';
import { EmptyState } from '../../shared/EmptyState';
import { ErrorNotice } from '../../shared/ErrorNotice';
import { formatShortTime } from '../../shared/format';
import { Loading } from '../../shared/Loading';
import { PageHeader } from '../../shared/PageHeader';
import { useTitle } from '../../shared/useTitle';
import { useLibraries } from './api';
import classes from './LibrariesPage.module.css';
import { FolderMenu } from './RowMenu';
import { useFolderActions } from './useFolderActions';

/** The start page: every library and shared folder the user sees. */
export function LibrariesPage() {
  const { t } = useTranslation();
  const libraries = useLibraries();
  const actions = useFolderActions();
  useTitle(t('shell.libraries'));
  const create = (
    <Button leftSection={<IconPlus size={18} />} onClick={actions.createLibrary}>
      {t('folders.newLibrary')}
    </Button>
  );
  return (
    <>
      <PageHeader title={t('shell.libraries')}>{create}</PageHeader>
      {libraries.isPending && <Loading />}
      {libraries.error && (
        <div style={{ padding: 16 }}>
          <ErrorNotice error={libraries.error} onRetry={() => void libraries.refetch()} />
        </div>
      )}
      {libraries.data?.items.length === 0 && (
        <EmptyState icon={<IconBooks size={32} stroke={1.5} />} title={t('folders.noLibraries')} text={t('folders.noLibrariesText')} />
      )}
      <SimpleGrid cols={{ base: 1, xs: 2, md: 3, xl: 4 }} px="md" pb={96} component="ul" className={classes.grid}>
        {libraries.data?.items.map((library) => (
          <LibraryCard key={library.id} library={library} />
        ))}
      </SimpleGrid>
    </>
  );
}

function LibraryCard({ library }: { library: FolderView }) {
  const { t } = useTranslation();
  return (
    <Card component="li" withBorder radius="lg" padding="md" className={classes.card}>
      <Group wrap="nowrap">
        <ThemeIcon size={44} radius="md" variant="light">
          <IconBook2 size={24} stroke={1.5} />
        </ThemeIcon>
        <div className={classes.text}>
          <Link to={`/folders/${library.id}`} className={classes.link}>
            {library.name}
          </Link>
          <Text size="xs" c="dimmed" truncate>
            {library.role && `${t(`rights.role.${library.role}`)} · `}
            {formatShortTime(library.updated_at)}
          </Text>
        </div>
        <div className={classes.menu}>
          <FolderMenu folder={library} />
        </div>
      </Group>
    </Card>
  );
}
