// Where do a document's details go? Beside what is shown of it, and where there is no room in a drawer over it.
import { Anchor, CloseButton, Drawer, Text } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import type { DocumentView } from '../../../api/types';
import { FileIcon } from '../../documents/FileIcon';
import classes from './details.module.css';
import { DetailsPanel } from './DetailsPanel';

interface Props {
  document: DocumentView;
  onClose: () => void;
  /** In a list the name leads to the document. */
  linked?: boolean;
  /** From here on there is room beside. */
  wideFrom?: string;
}

export function DetailsAside({ document, onClose, linked = false, wideFrom = '62em' }: Props) {
  const { t } = useTranslation();
  const wide = useMediaQuery(`(min-width: ${wideFrom})`, undefined, { getInitialValueInEffect: false });
  if (!wide) return <DetailsDrawer document={document} onClose={onClose} linked={linked} />;
  return (
    <aside className={classes.aside} aria-label={t('records.details')}>
      <div className={classes.head}>
        {linked ? (
          <>
            <FileIcon kind={document.kind} mediaType={document.media_type} name={document.name} />
            <Anchor component={Link} to={`/documents/${document.id}`} className={classes.title} size="sm" lineClamp={3}>
              {document.name}
            </Anchor>
          </>
        ) : (
          <Text className={classes.title}>{t('records.details')}</Text>
        )}
        <CloseButton aria-label={t('records.closeDetails')} onClick={onClose} />
      </div>
      <div className={classes.scroll}>
        <DetailsPanel key={document.id} document={document} />
      </div>
    </aside>
  );
}

/** Over what is shown; on a wide screen that stays usable beside it, for fields are filled in while reading. */
export function DetailsDrawer({ document, onClose, linked = false }: Omit<Props, 'wideFrom'>) {
  const { t } = useTranslation();
  const wide = useMediaQuery('(min-width: 62em)', undefined, { getInitialValueInEffect: false });
  return (
    <Drawer
      opened
      withOverlay={!wide}
      trapFocus={!wide}
      lockScroll={!wide}
      closeOnClickOutside={!wide}
      shadow="md"
      classNames={wide ? { inner: classes.below, content: classes.belowContent } : undefined}
      onClose={onClose}
      position="right"
      size="min(100vw, 400px)"
      title={
        linked ? (
          <Anchor component={Link} to={`/documents/${document.id}`} fw={600} lineClamp={2}>
            {document.name}
          </Anchor>
        ) : (
          t('records.details')
        )
      }
      closeButtonProps={{ 'aria-label': t('records.closeDetails') }}
    >
      <DetailsPanel key={document.id} document={document} />
    </Drawer>
  );
}
