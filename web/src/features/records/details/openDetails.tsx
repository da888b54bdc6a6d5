// Shows the details of a document over a list. The panel is loaded when it is first asked for.
import { modals } from '@mantine/modals';
import { lazy, Suspense } from 'react';
import type { DocumentView } from '../../../api/types';
import i18n from '../../../i18n/i18n';
import { Loading } from '../../../shared/Loading';

const CurrentDetails = lazy(async () => ({ default: (await import('./CurrentDetails')).CurrentDetails }));

export function openDetails(document: DocumentView): void {
  modals.open({
    title: document.name,
    closeButtonProps: { 'aria-label': i18n.t('records.closeDetails') },
    children: (
      <Suspense fallback={<Loading />}>
        <CurrentDetails document={document} />
      </Suspense>
    ),
  });
}
