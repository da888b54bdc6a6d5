// Takes something back, and lets people choose another place when the old one is not there.
import { useTranslation } from 'react-i18next';
import { ApiError } from '../../api/client';
import type { TrashEntryView } from '../../api/types';
import { notifyDone, notifyError } from '../../shared/notify';
import { openMoveDialog } from '../folders/MoveDialog';
import { useRestore } from './api';

// The place is in the trash itself, or takes nothing from this person.
const ELSEWHERE = new Set(['place_gone', 'upload_not_allowed', 'create_folder_not_allowed', 'folder_not_found']);

export function useRestoring() {
  const { t } = useTranslation();
  const restore = useRestore();

  function choosePlace(entry: TrashEntryView) {
    openMoveDialog({
      title: t('trash.chooseTitle', { name: entry.name }),
      text: t('trash.chooseText'),
      submit: (target) => t('trash.restoreTo', { name: target }),
      onMove: async (target) => {
        const back = await restore.mutateAsync({ id: entry.id, folderId: target.id });
        notifyDone(t('trash.restoredTo', { name: back.name, target: target.name }));
      },
    });
  }

  return {
    isPending: restore.isPending,
    choosePlace,
    restore: (entry: TrashEntryView) =>
      restore.mutate(
        { id: entry.id },
        {
          onSuccess: (back) => notifyDone(t(back.name === entry.name ? 'trash.restored' : 'trash.restoredAs', { name: entry.name, now: back.name })),
          onError: (error) => {
            if (error instanceof ApiError && ELSEWHERE.has(error.code)) choosePlace(entry);
            else notifyError(error);
          },
        },
      ),
  };
}
