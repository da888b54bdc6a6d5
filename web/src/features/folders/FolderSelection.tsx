// What can be done with several entries of a folder at once?
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { FolderView } from '../../api/types';
import { useProperties } from '../records/api';
import { BulkBar } from '../records/bulk/BulkBar';
import type { Target } from '../records/bulk/run';
import { downloadEntries } from './download';
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

/** Folders come with what may be read of them, pages as links. */
function mayDownload(entry: Entry): boolean {
  if (entry.type === 'folder') return entry.folder.role !== 'previewer';
  return entry.document.kind === 'file' ? entry.document.abilities.includes('download') : true;
}

export function FolderSelection({ folder, entries, onClear }: Props) {
  const { t } = useTranslation();
  // With what was chosen when it began: what is moved leaves the list, and what became of it is still to be read.
  const [work, setWork] = useState<{ what: 'edit' | 'delete' | { folderId: string; name: string }; targets: Target[] } | null>(null);
  const properties = useProperties(work?.what === 'edit' ? (folder.path[0]?.id ?? folder.id) : undefined);
  const abilities = (entry: Entry) => (entry.type === 'folder' ? entry.folder.abilities : entry.document.abilities);
  const documents = entries.filter((entry) => entry.type === 'document');
  const begin = (what: NonNullable<typeof work>['what'], chosen = entries) => setWork({ what, targets: chosen.map(toTarget) });
  const collect = async () => work?.targets ?? [];
  const count = entries.length;
  if (count === 0 && !work) return null;
  return (
    <div className={classes.selection}>
      {count > 0 && (
        <BulkBar
          count={count}
          total={count}
          onClear={onClear}
          onEdit={documents.some((entry) => abilities(entry).includes('edit_record')) ? () => begin('edit', documents) : undefined}
          onDownload={entries.every(mayDownload) ? () => downloadEntries(entries, folder.name) : undefined}
          onMove={
            entries.every((entry) => abilities(entry).includes('move'))
              ? () => openMoveDialog({ title: t('records.moveChosen', { count }), onMove: async (target) => begin({ folderId: target.id, name: target.name }) })
              : undefined
          }
          onDelete={entries.every((entry) => abilities(entry).includes('delete')) ? () => begin('delete') : undefined}
        />
      )}
      <Suspense fallback={null}>
        {work?.what === 'edit' && properties.data && (
          <BulkEditDialog folderId={folder.id} properties={properties.data} count={work.targets.length} collect={collect} onClose={() => setWork(null)} />
        )}
        {work && work.what !== 'edit' && (
          <BulkActDialog
            what={work.what}
            count={work.targets.length}
            collect={collect}
            onClose={(changed) => {
              setWork(null);
              if (changed) onClear();
            }}
          />
        )}
      </Suspense>
    </div>
  );
}
