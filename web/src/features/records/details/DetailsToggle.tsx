// The button that opens a document's details, and where they are shown then.
import { ActionIcon, Tooltip } from '@mantine/core';
import { IconInfoCircle } from '@tabler/icons-react';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router';
import type { DocumentView } from '../../../api/types';

const DetailsAside = lazy(async () => ({ default: (await import('./DetailsAside')).DetailsAside }));
const DetailsDrawer = lazy(async () => ({ default: (await import('./DetailsAside')).DetailsDrawer }));

/** `?panel=details` in the address shows them at once. */
function useShown() {
  const [params] = useSearchParams();
  return useState(params.get('panel') === 'details');
}

/** For pages that have room beside: the button and what it opens go to different places. */
export function useDetails(document: DocumentView) {
  const [shown, setShown] = useShown();
  return {
    button: <DetailsButton shown={shown} onClick={() => setShown(!shown)} />,
    aside: shown && (
      <Suspense fallback={null}>
        <DetailsAside document={document} onClose={() => setShown(false)} />
      </Suspense>
    ),
  };
}

/** For pages that have none: a drawer. */
export function DetailsToggle({ document }: { document: DocumentView }) {
  const [shown, setShown] = useShown();
  return (
    <>
      <DetailsButton shown={shown} onClick={() => setShown(!shown)} />
      {shown && (
        <Suspense fallback={null}>
          <DetailsDrawer document={document} onClose={() => setShown(false)} />
        </Suspense>
      )}
    </>
  );
}

function DetailsButton({ shown, onClick }: { shown: boolean; onClick: () => void }) {
  const { t } = useTranslation();
  return (
    <Tooltip label={t('records.details')}>
      <ActionIcon variant={shown ? 'light' : 'subtle'} color={shown ? undefined : 'gray'} size="lg" aria-label={t('records.details')} aria-expanded={shown} onClick={onClick}>
        <IconInfoCircle size={20} />
      </ActionIcon>
    </Tooltip>
  );
}
