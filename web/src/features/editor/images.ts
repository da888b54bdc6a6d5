// Where do a page's pictures live? Each is a document that belongs to the page: it has its rights and is listed nowhere.
import { Upload } from 'tus-js-client';
import { apiUrl, ApiError, toApiError } from '../../api/client';

export const PICTURE_TYPES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/bmp'];

/** Whether a page can show this file as a picture. */
export function isPicture(file: File): boolean {
  return PICTURE_TYPES.includes(file.type);
}

/** A name that no file of the folder has: pasted pictures are all called "image.png". */
function uniqueName(file: File): string {
  const dot = file.name.lastIndexOf('.');
  const stem = dot > 0 ? file.name.slice(0, dot) : file.name || 'image';
  const extension = dot > 0 ? file.name.slice(dot) : `.${file.type.split('/')[1] ?? 'png'}`;
  const stamp = new Date().toISOString().replace(/[-:TZ.]/g, '').slice(0, 17);
  return `${stem.slice(0, 60)}-${stamp}${extension}`;
}

/** Attaches `file` to a page or board and returns the address that it is referred to by. */
export function uploadPicture(file: File, pageId: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const upload = new Upload(file, {
      endpoint: apiUrl('/uploads'),
      retryDelays: [0, 1000, 3000, 10_000],
      storeFingerprintForResuming: false,
      metadata: { filename: uniqueName(file), attached_to: pageId },
      onSuccess: ({ lastResponse }) => {
        const id = lastResponse.getHeader('Wenshu-Document-Id');
        if (id) resolve(apiUrl(`/documents/${id}/content`));
        else reject(new ApiError('internal', 'the upload has no document', 500));
      },
      onError: (error) => {
        const response = 'originalResponse' in error ? error.originalResponse : null;
        reject(response ? toApiError(response.getStatus(), response.getBody()) : new ApiError('network', error.message, 0));
      },
    });
    upload.start();
  });
}
