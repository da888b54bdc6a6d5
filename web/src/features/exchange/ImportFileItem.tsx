// An entry of a folder's "new" menu: a file from this computer is filed here and becomes a page beside it.
import { Menu } from '@mantine/core';
import { IconFileImport } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { FolderView } from '../../api/types';
import { notifyError } from '../../shared/notify';
import { useImportPage } from './ImportDialog';
import { ENDINGS } from './kinds';
import { uploadFile } from './uploadFile';

/** Asks for one file; `null` when none was chosen. */
function pickDocument(): Promise<File | null> {
  return new Promise((resolve) => {
    const input = document.createElement('input');
    input.type = 'file';
    input.accept = ENDINGS;
    input.hidden = true;
    const finish = () => {
      resolve(input.files?.[0] ?? null);
      input.remove();
    };
    input.addEventListener('change', finish);
    input.addEventListener('cancel', finish);
    document.body.append(input); // Safari forgets inputs that are not in the page
    input.click();
  });
}

export function ImportFileItem({ folder }: { folder: FolderView }) {
  const { t } = useTranslation();
  const importPage = useImportPage();
  const handleImport = async () => {
    const file = await pickDocument();
    if (!file) return;
    try {
      const id = await uploadFile(file, folder.id);
      importPage({ id, name: file.name, folder_id: folder.id });
    } catch (error) {
      notifyError(error);
    }
  };
  return (
    <Menu.Item leftSection={<IconFileImport size={18} />} onClick={() => void handleImport()}>
      {t('exchange.importFile')}
    </Menu.Item>
  );
}
