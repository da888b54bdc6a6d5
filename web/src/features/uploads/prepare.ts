// Before the first byte goes: which folders must exist, and which names exist already?
import { api, ApiError } from '../../api/client';
import type { Conflict, FolderView } from '../../api/types';
import { listSubfolders } from '../folders/api';
import type { Selection } from './dropped';
import { untilAnswered } from './retry';

const NAMES_PER_CALL = 1_000;

/** Names compare as the server stores them. */
export function nameKey(name: string): string {
  return name.trim().normalize('NFC');
}

/** Makes the folders of a selection below `rootId`; answers the id for each path, `''` being the root. */
export async function ensureFolders(rootId: string, selection: Selection, signal: AbortSignal): Promise<Map<string, string>> {
  const ids = new Map([['', rootId]]);
  const paths = new Map<string, string[]>();
  for (const path of [...selection.folders, ...selection.files.map((chosen) => chosen.folders)]) {
    for (let depth = 1; depth <= path.length; depth++) paths.set(path.slice(0, depth).join('/'), path.slice(0, depth));
  }
  const created = new Set<string>();
  const inOrder = [...paths.values()].sort((a, b) => a.length - b.length);
  const existing = new Map<string, Map<string, string>>();
  for (const path of inOrder) {
    const parentId = ids.get(path.slice(0, -1).join('/'))!;
    const name = path.at(-1)!;
    if (!existing.has(parentId)) {
      const folders = created.has(parentId) ? [] : await untilAnswered(() => listSubfolders(parentId), signal);
      existing.set(parentId, new Map(folders.map((folder) => [nameKey(folder.name), folder.id])));
    }
    const known = existing.get(parentId)!;
    let id = known.get(nameKey(name));
    if (id === undefined) {
      id = await createFolder(parentId, name, signal);
      created.add(id);
      known.set(nameKey(name), id);
    }
    ids.set(path.join('/'), id);
  }
  return ids;
}

async function createFolder(parentId: string, name: string, signal: AbortSignal): Promise<string> {
  try {
    return (await untilAnswered(() => api.post<FolderView>('/folders', { name, parent_id: parentId }), signal)).id;
  } catch (error) {
    // Someone else, or our own lost request, was quicker.
    if (!(error instanceof ApiError) || error.code !== 'name_taken') throw error;
    const folder = (await listSubfolders(parentId)).find((other) => nameKey(other.name) === nameKey(name));
    if (!folder) throw error;
    return folder.id;
  }
}

/** Asks which of the names exist in the folder; answers the document id by name. */
export async function findConflicts(folderId: string, names: string[], signal: AbortSignal): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (let start = 0; start < names.length; start += NAMES_PER_CALL) {
    const some = names.slice(start, start + NAMES_PER_CALL);
    const answer = await untilAnswered(
      () => api.post<{ items: Conflict[] }>(`/folders/${folderId}/conflicts`, { names: some }),
      signal,
    );
    for (const conflict of answer.items) found.set(nameKey(conflict.name), conflict.document_id);
  }
  return found;
}
