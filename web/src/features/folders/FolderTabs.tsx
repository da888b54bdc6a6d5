import { IconFiles, IconTable } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import classes from './FolderTabs.module.css';

/** The two ways to look at a folder: what lies in it, and the records of everything below it. */
export function FolderTabs({ folderId, current, children }: { folderId: string; current: 'files' | 'records'; children?: ReactNode }) {
  const { t } = useTranslation();
  return (
    <nav className={classes.tabs} aria-label={t('folders.views')}>
      <Link to={`/folders/${folderId}`} className={classes.tab} aria-current={current === 'files' ? 'page' : undefined}>
        <IconFiles size={17} stroke={1.7} aria-hidden />
        {t('folders.filesView')}
      </Link>
      <Link to={`/folders/${folderId}/records`} className={classes.tab} aria-current={current === 'records' ? 'page' : undefined}>
        <IconTable size={17} stroke={1.7} aria-hidden />
        {t('folders.recordsView')}
      </Link>
      {children}
    </nav>
  );
}
