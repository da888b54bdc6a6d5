// What is being uploaded right now? One queue for the whole application, so that uploads go on while the user looks around.
import { ApiError } from '../../api/client';
import { queryClient } from '../../api/queries';
import type { DocumentView } from '../../api/types';
import type { Selection } from './dropped';
import { ensureFolders, findConflicts, nameKey } from './prepare';
import { RateMeter } from './rate';
import { FileTransfer, readInfo, type Target, type Transfer } from './transfer';

export const PARALLEL = 3;
const EMIT_MS = 150;
const REFRESH_MS = 1_500;

export type UploadState = 'queued' | 'uploading' | 'waiting' | 'paused' | 'done' | 'failed';

export interface UploadItem {
  readonly id: number;
  readonly name: string;
  readonly sizeBytes: number;
  readonly state: UploadState;
  /** What of the file is on the server. */
  readonly doneBytes: number;
  /** What went over the wire for it; null when the file was sent as it is. */
  readonly sentBytes: number | null;
  readonly bytesPerSecond: number;
  /** The folder whose list shows the result. */
  readonly folderId: string;
  readonly documentId: string | null;
  readonly error: ApiError | null;
  readonly retryAt: number | null;
}

export type Decision = 'version' | 'skip';

/** Names that exist already, asked about once for everything that was dropped together. */
export interface Question {
  names: { key: number; name: string; folder: string }[];
  /** Answers by `key`; null gives up the whole selection. */
  answer(decisions: Map<number, Decision> | null): void;
}

export interface UploadsView {
  items: readonly UploadItem[];
  /** Selections whose folders are being made and names compared. */
  preparing: number;
  paused: boolean;
  question: Question | null;
  failure: unknown;
  doneBytes: number;
  totalBytes: number;
  bytesPerSecond: number;
}

interface Job {
  file: File;
  target: Target;
  transfer: Transfer | null;
  rate: RateMeter;
  /** Bytes that went over the wire by now. */
  wireBytes: number;
  pathKey: string;
}

const IDLE: UploadsView = {
  items: [],
  preparing: 0,
  paused: false,
  question: null,
  failure: null,
  doneBytes: 0,
  totalBytes: 0,
  bytesPerSecond: 0,
};

/** The queue. Components read it through `useUploads`. */
export class UploadManager {
  private view: UploadsView = IDLE;
  private items = new Map<number, UploadItem>();
  private jobs = new Map<number, Job>();
  private listeners = new Set<() => void>();
  private emitTimer: ReturnType<typeof setTimeout> | undefined;
  private refreshTimer: ReturnType<typeof setTimeout> | undefined;
  private touchedFolders = new Set<string>();
  private nextId = 1;
  private preparing = 0;
  private paused = false;
  private questions: Question[] = [];
  private preparations = new Set<AbortController>();
  private failure: unknown = null;
  private owner: string | undefined;
  private rate = new RateMeter();
  /** Bytes that went over the wire in all, for the speed: it never runs back. */
  private wireBytes = 0;

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  getView = (): UploadsView => this.view;

  /** Uploads a selection into a folder: makes its folders, asks about names that exist, then queues the files. */
  async add(folderId: string, selection: Selection): Promise<void> {
    if (selection.files.length === 0 && selection.folders.length === 0) return;
    this.preparing += 1;
    this.emit();
    try {
      await this.prepare(folderId, selection);
    } catch (error) {
      if (!(error instanceof DOMException && error.name === 'AbortError')) this.failure = error;
    } finally {
      this.preparing -= 1;
      this.emit();
    }
  }

  /** Uploads one file as the next version of a document. */
  addVersion(document: DocumentView, file: File): void {
    this.enqueue(file, { documentId: document.id }, document.folder_id, document.id);
    this.startNext();
  }

  pause(id: number): void {
    const item = this.items.get(id);
    if (!item || !['queued', 'uploading', 'waiting'].includes(item.state)) return;
    this.jobs.get(id)?.transfer?.pause();
    this.jobs.get(id)?.rate.reset();
    this.update(id, { state: 'paused', retryAt: null, bytesPerSecond: 0 });
    this.startNext();
  }

  resume(id: number): void {
    if (this.items.get(id)?.state !== 'paused') return;
    this.update(id, { state: 'queued' });
    this.startNext();
  }

  pauseAll(): void {
    this.paused = true;
    for (const item of this.items.values()) {
      if (item.state === 'uploading' || item.state === 'waiting') {
        this.jobs.get(item.id)?.transfer?.pause();
        this.update(item.id, { state: 'queued', retryAt: null, bytesPerSecond: 0 });
      }
    }
    this.rate.reset();
    this.emit();
  }

  resumeAll(): void {
    this.paused = false;
    for (const item of this.items.values()) if (item.state === 'paused') this.update(item.id, { state: 'queued' });
    this.startNext();
    this.emit();
  }

  /** Takes a file off the list; what the server has of it is dropped. */
  cancel(id: number): void {
    const item = this.items.get(id);
    if (item && item.state !== 'done') this.jobs.get(id)?.transfer?.cancel();
    this.items.delete(id);
    this.jobs.delete(id);
    this.startNext();
    this.emit();
  }

  cancelAll(): void {
    for (const preparation of this.preparations) preparation.abort();
    for (const item of [...this.items.values()]) if (isOpen(item)) this.cancel(item.id);
  }

  /** Tries a failed file again. */
  retry(id: number): void {
    const [item, job] = [this.items.get(id), this.jobs.get(id)];
    if (item?.state !== 'failed' || !job) return;
    this.update(id, { state: 'queued', error: null });
    this.startNext();
  }

  retryFailed(): void {
    for (const item of this.items.values()) if (item.state === 'failed') this.retry(item.id);
  }

  /** Sends a file whose name turned out to exist as a new version of that document. */
  uploadAsVersion(id: number): void {
    const [item, job] = [this.items.get(id), this.jobs.get(id)];
    const documentId = item?.error?.details.document_id;
    if (!job || typeof documentId !== 'string') return;
    job.target = { documentId };
    job.transfer = null;
    this.retry(id);
  }

  /** Empties the list of everything that has ended. */
  clearEnded(): void {
    for (const item of [...this.items.values()]) {
      if (isOpen(item)) continue;
      this.items.delete(item.id);
      this.jobs.delete(item.id);
    }
    this.failure = null;
    this.emit();
  }

  /** Tries again at once, when the browser says that the network is back. */
  wakeAll(): void {
    for (const job of this.jobs.values()) job.transfer?.wake();
  }

  /** Says whose uploads these are. Another person's files must not go on under this name. */
  belongTo(userId: string): void {
    if (this.owner !== undefined && this.owner !== userId) this.reset();
    this.owner = userId;
  }

  /** Stops and forgets everything here; what the server has is kept, so picking the files again resumes them. */
  reset(): void {
    for (const preparation of this.preparations) preparation.abort();
    for (const question of this.questions) question.answer(null);
    for (const job of this.jobs.values()) job.transfer?.pause();
    this.items.clear();
    this.jobs.clear();
    this.failure = null;
    this.paused = false;
    this.rate.reset();
    this.emit();
  }

  hasOpen(): boolean {
    return this.preparing > 0 || [...this.items.values()].some(isOpen);
  }

  private async prepare(folderId: string, selection: Selection): Promise<void> {
    const controller = new AbortController();
    this.preparations.add(controller);
    try {
      await this.prepareUntilAborted(folderId, selection, controller.signal);
    } finally {
      this.preparations.delete(controller);
    }
  }

  private async prepareUntilAborted(folderId: string, selection: Selection, signal: AbortSignal): Promise<void> {
    const folderIds = await ensureFolders(folderId, selection, signal);
    if (folderIds.size > 1) this.refresh(folderId);
    const chosen = selection.files.map(({ file, folders }) => {
      const path = folders.join('/');
      return { file, path, folderId: folderIds.get(path)! };
    });
    const conflicts = new Map<number, string>();
    for (const id of new Set(chosen.map((one) => one.folderId))) {
      const here = chosen.flatMap((one, key) => (one.folderId === id ? [{ key, name: one.file.name }] : []));
      const found = await findConflicts(id, here.map((one) => one.name), signal);
      for (const { key, name } of here) {
        const documentId = found.get(nameKey(name));
        if (documentId) conflicts.set(key, documentId);
      }
    }
    const decisions = conflicts.size > 0 ? await this.ask(chosen, conflicts) : new Map<number, Decision>();
    const tooLarge = await readLimit();
    if (decisions === null || signal.aborted) return;
    chosen.forEach((one, key) => {
      const documentId = conflicts.get(key);
      if (documentId && decisions.get(key) !== 'version') return;
      const target = documentId ? { documentId } : { folderId: one.folderId };
      const id = this.enqueue(one.file, target, one.folderId, one.path);
      if (one.file.size > tooLarge) {
        this.update(id, { state: 'failed', error: new ApiError('upload_too_large', 'The file is larger than allowed', 413) });
      }
    });
    this.startNext();
  }

  private ask(
    chosen: { file: File; path: string }[],
    conflicts: Map<number, string>,
  ): Promise<Map<number, Decision> | null> {
    return new Promise((resolve) => {
      const question: Question = {
        names: [...conflicts.keys()].map((key) => ({ key, name: chosen[key]!.file.name, folder: chosen[key]!.path })),
        answer: (decisions) => {
          this.questions = this.questions.filter((other) => other !== question);
          this.emit();
          resolve(decisions);
        },
      };
      this.questions.push(question);
      this.emit();
    });
  }

  private enqueue(file: File, target: Target, folderId: string, pathKey: string): number {
    const id = this.nextId++;
    this.jobs.set(id, { file, target, transfer: null, rate: new RateMeter(), wireBytes: 0, pathKey });
    this.items.set(id, {
      id,
      name: file.name,
      sizeBytes: file.size,
      state: 'queued',
      doneBytes: 0,
      sentBytes: null,
      bytesPerSecond: 0,
      folderId,
      documentId: null,
      error: null,
      retryAt: null,
    });
    this.emit();
    return id;
  }

  private startNext(): void {
    if (this.paused) return;
    let busy = 0;
    for (const item of this.items.values()) if (item.state === 'uploading' || item.state === 'waiting') busy += 1;
    for (const item of this.items.values()) {
      if (busy >= PARALLEL) return;
      if (item.state !== 'queued') continue;
      this.start(item.id);
      busy += 1;
    }
  }

  private start(id: number): void {
    const job = this.jobs.get(id)!;
    job.transfer ??= new FileTransfer(job.file, job.target, fingerprint(job, this.owner), {
      onActive: () => this.update(id, { state: 'uploading', retryAt: null }),
      onProgress: (doneBytes, sentBytes) => this.handleProgress(id, doneBytes, sentBytes),
      onWaiting: (error, retryAt) => this.update(id, { state: 'waiting', error, retryAt, bytesPerSecond: 0 }),
      onDone: (documentId, sentBytes) => this.handleDone(id, documentId, sentBytes),
      onFailed: (error) => {
        job.transfer = null;
        this.update(id, { state: 'failed', error, bytesPerSecond: 0 });
        this.startNext();
      },
    });
    this.update(id, { state: 'uploading', error: null });
    void job.transfer.start();
  }

  private handleProgress(id: number, doneBytes: number, sentBytes: number): void {
    const [item, job] = [this.items.get(id), this.jobs.get(id)];
    if (!item || !job || item.state !== 'uploading') return;
    this.wireBytes += Math.max(0, sentBytes - job.wireBytes);
    job.wireBytes = sentBytes;
    this.rate.add(this.wireBytes);
    job.rate.add(sentBytes);
    this.update(id, { doneBytes, bytesPerSecond: job.rate.bytesPerSecond, error: null });
  }

  private handleDone(id: number, documentId: string | null, sentBytes: number | null): void {
    const item = this.items.get(id);
    if (!item) return;
    const job = this.jobs.get(id);
    if (job) job.transfer = null;
    this.update(id, { state: 'done', doneBytes: item.sizeBytes, sentBytes, documentId, error: null, bytesPerSecond: 0 });
    this.refresh(item.folderId);
    this.startNext();
    this.wakeAll(); // one got through, so the server is back for the others too
  }

  /** Shows the new documents in their lists, a few at a time. */
  private refresh(folderId: string): void {
    this.touchedFolders.add(folderId);
    this.refreshTimer ??= setTimeout(() => {
      this.refreshTimer = undefined;
      for (const id of this.touchedFolders) void queryClient.invalidateQueries({ queryKey: ['children', id] });
      void queryClient.invalidateQueries({ queryKey: ['documents'] });
      void queryClient.invalidateQueries({ queryKey: ['usage'] });
      this.touchedFolders.clear();
    }, REFRESH_MS);
  }

  private update(id: number, change: Partial<UploadItem>): void {
    const item = this.items.get(id);
    if (!item) return;
    this.items.set(id, { ...item, ...change });
    this.emit();
  }

  private emit(): void {
    this.emitTimer ??= setTimeout(() => {
      this.emitTimer = undefined;
      this.view = this.makeView();
      for (const listener of this.listeners) listener();
    }, EMIT_MS);
  }

  private makeView(): UploadsView {
    const items = [...this.items.values()];
    const counted = items.filter((item) => item.state !== 'failed');
    return {
      items,
      preparing: this.preparing,
      paused: this.paused,
      question: this.questions[0] ?? null,
      failure: this.failure,
      doneBytes: counted.reduce((sum, item) => sum + item.doneBytes, 0),
      totalBytes: counted.reduce((sum, item) => sum + item.sizeBytes, 0),
      bytesPerSecond: items.some((item) => item.state === 'uploading') ? this.rate.bytesPerSecond : 0,
    };
  }
}

function isOpen(item: UploadItem): boolean {
  return ['queued', 'uploading', 'waiting', 'paused'].includes(item.state);
}

function fingerprint({ file, target, pathKey }: Job, owner = ''): string {
  const place = 'folderId' in target ? `folder:${target.folderId}` : `document:${target.documentId}`;
  return ['wenshu', owner, place, pathKey, file.name, file.size, file.lastModified].join('|');
}

async function readLimit(): Promise<number> {
  try {
    const { upload_max_bytes: most } = await readInfo();
    return most > 0 ? most : Infinity;
  } catch {
    return Infinity; // the server checks anyway
  }
}

/** The one queue of the application. */
export const uploads = new UploadManager();

window.addEventListener('online', () => uploads.wakeAll());
window.addEventListener('beforeunload', (event) => {
  if (uploads.hasOpen()) event.preventDefault();
});
