// Puts one file into a folder and says which document it became; small enough to be waited for.
import { Upload } from 'tus-js-client';
import { ApiError, apiUrl, toApiError } from '../../api/client';

export function uploadFile(file: File, folderId: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const upload = new Upload(file, {
      endpoint: apiUrl('/uploads'),
      retryDelays: [0, 1000, 3000, 10_000],
      storeFingerprintForResuming: false,
      metadata: { filename: file.name, folder_id: folderId },
      onSuccess: ({ lastResponse }) => {
        const id = lastResponse.getHeader('Wenshu-Document-Id');
        if (id) resolve(id);
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
