import { Alert, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../../api/client';
import { ErrorNotice } from '../../shared/ErrorNotice';
import classes from './search.module.css';

/** What the server calls the mistakes of a query. */
const REASONS = ['quote_not_closed', 'or_without_left', 'or_without_right', 'value_missing', 'date_invalid', 'too_many_words'] as const;

/** A mistake in the query is shown at its place. */
export function SearchError({ q, error, onRetry }: { q: string; error: Error; onRetry: () => void }) {
  const { t } = useTranslation();
  if (!(error instanceof ApiError) || error.code !== 'query_syntax') return <ErrorNotice error={error} onRetry={onRetry} />;
  const position = Number(error.details.position ?? 0);
  const characters = Array.from(q);
  const reason = REASONS.find((one) => one === error.details.reason);
  return (
    <Alert color="orange" title={t('search.syntax')} role="alert">
      <Text className={classes.wrong} component="pre">
        {characters.slice(0, position).join('')}
        <mark>{characters.slice(position).join('') || '\u2038'}</mark>
      </Text>
      <Text size="sm">{reason ? t(`search.syntax.${reason}`) : error.message}</Text>
    </Alert>
  );
}
