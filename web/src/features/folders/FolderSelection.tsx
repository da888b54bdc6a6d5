// What can be done with several entries of a folder at once?
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { FolderView } from '../../api/types';
import { useProperties } from '../records/api';
import { BulkBar } from '../records/bulk/BulkBar';
import type { Target } from '../records/bulk/run';
import type { Entry } from './FolderList';
import classes from './FolderList.module.css';
import { openMoveDialog } from './MoveDialog';

const BulkEditDialog = lazy(async () => ({ default: (await import('../records/bulk/BulkEditDialog')).BulkEditDialog }));
const BulkActDialog = lazy(async () => ({ default: (await import('../records/bulk/BulkActDialog')).BulkActDialog }));

interface Props {
  folder: FolderView;
  /** What is chosen. */
  entries: Entry[];
  onClear: () => void;
}

function toTarget(entry: Entry): Target {
  return entry.type === 'folder' ? { id: entry.folder.id, name: entry.folder.name, isFolder: true } : { id: entry.document.id, name: entry.document.name };
}

export function FolderSelection({ folder, entries, onClear }: Props) {
  const { t } = useTranslation();
  const [dialog, setDialog] = useState<'edit' | 'delete' | { folderId: string; name: string } | null>(null);
  const properties = useProperties(folder.path[0]?.id ?? folder.id);
  const abilities = (entry: Entry) => (entry.type === 'folder' ? entry.folder.abilities : entry.document.abilities);
  const documents = entries.filter((entry) => entry.type === 'document');
  const collect = (chosen: Entry[]) => async () => chosen.map(toTarget);
  const count = entries.length;
  return (
    <div className={classes.selection}>
      <BulkBar
        count={count}
        total={count}
        onClear={onClear}
        onEdit={documents.some((entry) => abilities(entry).includes('edit_record')) ? () => setDialog('edit') : undefined}
        onMove={
          entries.every((entry) => abilities(entry).includes('move'))
            ? () => openMoveDialog({ title: t('records.moveChosen', { count }), onMove: async (target) => setDialog({ folderId: target.id, name: target.name }) })
            : undefined
        }
        onDelete={entries.every((entry) => abilities(entry).includes('delete')) ? () => setDialog('delete') : undefined}
      />
      <Suspense fallback={null}>
        {dialog === 'edit' && (
          <BulkEditDialog folderId={folder.id} properties={properties.data ?? []} count={documents.length} collect={collect(documents)} onClose={() => setDialog(null)} />
        )}
        {dialog !== null && dialog !== 'edit' && (
          <BulkActDialog
            what={dialog}
            count={count}
            collect={collect(entries)}
            onClose={(changed) => {
              setDialog(null);
              if (changed) onClear();
            }}
          />
        )}
      </Suspense>
    </div>
  );
}
