import { useSyncExternalStore } from 'react';
import { uploads, type UploadsView } from './manager';

/** The queue as it is now. */
export function useUploads(): UploadsView {
  return useSyncExternalStore(uploads.subscribe, uploads.getView);
}
