// How are folders and several documents saved? As one zip file, which the browser saves while the server makes it.
import { API_ROOT, apiUrl, request } from '../../api/client';
import { notifyError } from '../../shared/notify';
import type { Entry } from './FolderList';

/** Addresses longer than this are not asked before: a proxy might refuse them. */
const ASKED_BEFORE = 100;

interface Chosen {
  documents: string[];
  folders: string[];
  /** What the file is to be called. */
  name: string;
}

/** Saves entries of a folder: one file as it is, anything else as a zip file. */
export function downloadEntries(entries: Entry[], name: string): void {
  const [only] = entries;
  if (entries.length === 1 && only?.type === 'document' && only.document.kind === 'file') {
    const link = document.createElement('a');
    link.href = apiUrl(`/documents/${only.document.id}/content`);
    link.download = only.document.name;
    link.click();
    return;
  }
  const documents = entries.flatMap((entry) => (entry.type === 'document' ? [entry.document.id] : []));
  const folders = entries.flatMap((entry) => (entry.type === 'folder' ? [entry.folder.id] : []));
  void downloadZip({ documents, folders, name: entries.length === 1 && only?.type === 'folder' ? only.folder.name : name });
}

/** Saves a zip file; what the server refuses is told, not saved. */
export async function downloadZip({ documents, folders, name }: Chosen): Promise<void> {
  if (documents.length + folders.length <= ASKED_BEFORE) {
    try {
      await request('HEAD', '/zip', { query: { document: documents, folder: folders } });
    } catch (error) {
      notifyError(error);
      return;
    }
  }
  const form = document.createElement('form');
  form.method = 'post';
  form.action = `${API_ROOT}/zip`;
  form.hidden = true;
  const add = (key: string, value: string) => {
    const input = document.createElement('input');
    input.type = 'hidden';
    input.name = key;
    input.value = value;
    form.append(input);
  };
  documents.forEach((id) => add('document', id));
  folders.forEach((id) => add('folder', id));
  add('name', name);
  document.body.append(form);
  form.submit();
  form.remove();
}
