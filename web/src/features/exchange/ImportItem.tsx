// The ways to make a page of a file: an entry of its menu, a button of the viewer.
import { ActionIcon, Button, Menu } from '@mantine/core';
import { IconFilePencil } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { DocumentView } from '../../api/types';
import { useImportPage } from './ImportDialog';
import { canBecomePage } from './kinds';

export function ImportMenuItem({ document }: { document: DocumentView }) {
  const { t } = useTranslation();
  const importPage = useImportPage();
  if (!canBecomePage(document)) return null;
  return (
    <Menu.Item leftSection={<IconFilePencil size={16} />} onClick={() => importPage(document)}>
      {t('exchange.editAsPage')}
    </Menu.Item>
  );
}

export function ImportButton({ document }: { document: DocumentView }) {
  const { t } = useTranslation();
  const importPage = useImportPage();
  if (!canBecomePage(document)) return null;
  return (
    <>
      <Button visibleFrom="sm" variant="default" size="xs" leftSection={<IconFilePencil size={16} />} onClick={() => importPage(document)}>
        {t('exchange.editAsPage')}
      </Button>
      <ActionIcon hiddenFrom="sm" variant="default" size="lg" aria-label={t('exchange.editAsPage')} onClick={() => importPage(document)}>
        <IconFilePencil size={20} />
      </ActionIcon>
    </>
  );
}
