import { Alert } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { formatBytes } from '../../shared/format';
import { useFolderUsage, useOwnUsage } from './api';
import { tightest } from './tightest';

/** Tells whoever may add something to a folder that there is little room left: before they choose files. */
export function NearlyFull({ folderId }: { folderId: string }) {
  const { t } = useTranslation();
  const library = useFolderUsage(folderId).data;
  const own = useOwnUsage(true).data;
  const found = tightest(library, own);
  if (!found) return null;
  const values = { left: formatBytes(found.leftBytes), limit: formatBytes(found.limitBytes) };
  const text = found.leftBytes === 0 ? t(found.isOwn ? 'usage.ownFull' : 'usage.libraryFull', values) : t(found.isOwn ? 'usage.ownNearlyFull' : 'usage.libraryNearlyFull', values);
  return (
    <Alert color={found.leftBytes === 0 ? 'red' : 'orange'} variant="light" icon={<IconAlertTriangle />} mx="md" mt="sm" py={8} role="status">
      {text}
    </Alert>
  );
}
