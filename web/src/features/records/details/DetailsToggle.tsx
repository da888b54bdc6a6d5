import { ActionIcon, Tooltip } from '@mantine/core';
import { IconInfoCircle } from '@tabler/icons-react';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router';
import type { DocumentView } from '../../../api/types';

const DetailsDrawer = lazy(async () => ({ default: (await import('./DetailsAside')).DetailsDrawer }));

/** Opens a document's details over it; `?panel=details` in the address does so at once. */
export function DetailsToggle({ document }: { document: DocumentView }) {
  const { t } = useTranslation();
  const [params] = useSearchParams();
  const [shown, setShown] = useState(params.get('panel') === 'details');
  return (
    <>
      <Tooltip label={t('records.details')}>
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t('records.details')} aria-expanded={shown} onClick={() => setShown(!shown)}>
          <IconInfoCircle size={20} />
        </ActionIcon>
      </Tooltip>
      {shown && (
        <Suspense fallback={null}>
          <DetailsDrawer document={document} onClose={() => setShown(false)} />
        </Suspense>
      )}
    </>
  );
}
