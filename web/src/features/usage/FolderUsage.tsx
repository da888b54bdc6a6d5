import { useTranslation } from 'react-i18next';
import { useFolderUsage } from './api';
import { UsageBar } from './UsageBar';

/** On a library's page: how much it keeps. */
export function FolderUsage({ folderId }: { folderId: string }) {
  const { t } = useTranslation();
  const usage = useFolderUsage(folderId);
  if (!usage.data) return null;
  return (
    <div style={{ width: 200, marginInlineStart: 'auto', alignSelf: 'center' }}>
      <UsageBar usage={usage.data} label={t('usage.ofLibrary')} />
    </div>
  );
}
