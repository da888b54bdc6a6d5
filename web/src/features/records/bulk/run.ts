// How is one change made on very many documents? In parts that the server takes at once, counted as they come back, and
// ended between two parts when somebody says so.
import { ApiError } from '../../../api/client';
import { editRecords, readRecords, type RecordsEdit } from '../api';
import type { RecordQuery } from '../query';
import { isSelected, type Selection } from '../selection';

/** Small enough for progress to be seen, large enough not to be held up by the way to the server. */
const AT_ONCE = 200;

export interface Target {
  id: string;
  name: string;
  /** A folder instead of a document. */
  isFolder?: boolean;
}

export interface Failure extends Target {
  code: string;
  message?: string | null;
  /** The field that is to blame. */
  property?: string | null;
}

export interface Progress {
  done: number;
  changed: number;
  failures: Failure[];
}

export const NO_PROGRESS: Progress = { done: 0, changed: 0, failures: [] };

/** Everything that is chosen; of a choice of all results what is not on the screen is asked for. */
export async function collectTargets(
  folderId: string,
  query: RecordQuery,
  selection: Selection,
  loaded: Target[],
  onCount: (count: number) => void,
  signal: AbortSignal,
): Promise<Target[]> {
  if (!selection.all) return loaded.filter((one) => isSelected(selection, one.id));
  const targets = new Map<string, Target>();
  let cursor: string | null = null;
  do {
    const page = await readRecords(folderId, query, cursor, signal);
    for (const { document } of page.items) {
      if (isSelected(selection, document.id)) targets.set(document.id, { id: document.id, name: document.name });
    }
    cursor = page.next_cursor ?? null;
    onCount(targets.size);
  } while (cursor);
  return [...targets.values()];
}

/** Changes all targets. What the server could not be asked about counts as failed, and the rest is not tried. */
export async function editAll(targets: Target[], edit: RecordsEdit, onProgress: (progress: Progress) => void, signal: AbortSignal): Promise<Progress> {
  let progress = NO_PROGRESS;
  for (let at = 0; at < targets.length && !signal.aborted; at += AT_ONCE) {
    const part = targets.slice(at, at + AT_ONCE);
    const names = new Map(part.map((one) => [one.id, one.name]));
    try {
      const outcomes = await editRecords([...names.keys()], edit);
      const failures = outcomes
        .filter((one) => one.outcome !== 'ok')
        .map((one) => ({ id: one.document_id, name: names.get(one.document_id) ?? '', code: one.outcome, message: one.message, property: one.property }));
      progress = { done: progress.done + part.length, changed: progress.changed + outcomes.length - failures.length, failures: [...progress.failures, ...failures] };
    } catch (error) {
      const { code, message } = error instanceof ApiError ? error : new ApiError('unknown', String(error), 0);
      const failures = targets.slice(at).map((one) => ({ ...one, code, message }));
      progress = { ...progress, done: targets.length, failures: [...progress.failures, ...failures] };
      onProgress(progress);
      return progress;
    }
    onProgress(progress);
  }
  return progress;
}

/** Does something to one document after another, a few at a time. */
export async function eachTarget(targets: Target[], act: (target: Target) => Promise<unknown>, onProgress: (progress: Progress) => void, signal: AbortSignal): Promise<Progress> {
  let progress = NO_PROGRESS;
  const waiting = [...targets];
  const work = async () => {
    for (let target = waiting.shift(); target && !signal.aborted; target = waiting.shift()) {
      try {
        await act(target);
        progress = { ...progress, done: progress.done + 1, changed: progress.changed + 1 };
      } catch (error) {
        const { code, message } = error instanceof ApiError ? error : new ApiError('unknown', String(error), 0);
        progress = { ...progress, done: progress.done + 1, failures: [...progress.failures, { ...target, code, message }] };
      }
      onProgress(progress);
    }
  };
  await Promise.all(Array.from({ length: 4 }, work));
  return progress;
}
