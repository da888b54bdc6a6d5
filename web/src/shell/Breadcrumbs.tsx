import { Anchor, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import type { Named } from '../api/types';
import classes from './Breadcrumbs.module.css';

interface Props {
  /** Folders from the library down. */
  path: Named[];
  /** The last part is the page itself and no link. */
  current?: string;
}

/** The way from the libraries to here. */
export function Breadcrumbs({ path, current }: Props) {
  const { t } = useTranslation();
  return (
    <nav aria-label={t('shell.breadcrumbs')}>
      <ol className={classes.list}>
        <li>
          <Anchor component={Link} to="/" size="sm" c="dimmed">
            {t('shell.libraries')}
          </Anchor>
        </li>
        {path.map((part) => (
          <li key={part.id}>
            <Anchor component={Link} to={`/folders/${part.id}`} size="sm" c="dimmed" truncate>
              {part.name}
            </Anchor>
          </li>
        ))}
        {current !== undefined && (
          <li aria-current="page">
            <Text size="sm" truncate>
              {current}
            </Text>
          </li>
        )}
      </ol>
    </nav>
  );
}
