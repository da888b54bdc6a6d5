// How does one file reach the server? Small ones as they are; of larger ones only what the server does not have yet.
import { api, type ApiError } from '../../api/client';
import { queryClient } from '../../api/queries';
import type { InfoView } from '../../api/types';
import { ALGORITHM, type Sizes } from './chunks/cut';
import { DeltaTransfer } from './deltaTransfer';
import { TusTransfer } from './tusTransfer';

/** Where the content goes: a new document in a folder, or a new version of a document. */
export type Target = { folderId: string } | { documentId: string };

export interface TransferEvents {
  onActive(): void;
  /** So much of the file is on the server, and so many bytes went there for it. */
  onProgress(doneBytes: number, sentBytes: number): void;
  /** The server is away; the next attempt comes at `retryAt`. */
  onWaiting(error: ApiError, retryAt: number): void;
  /** `sentBytes`: what had to be sent of a file that was cut into chunks; null when it was sent as it is. */
  onDone(documentId: string | null, sentBytes: number | null): void;
  onFailed(error: ApiError): void;
}

/** One file on its way. Events stop after `pause` and `cancel`. */
export interface Transfer {
  /** Starts or continues. */
  start(): Promise<void>;
  pause(): void;
  /** Stops and lets the server forget what it has; when it is away, the upload expires there. */
  cancel(): void;
  /** Tries at once instead of at the end of the pause. */
  wake(): void;
}

/** What the server says of itself, asked for once a minute at most. */
export function readInfo(): Promise<InfoView> {
  return queryClient.fetchQuery({ queryKey: ['info'], queryFn: () => api.get<InfoView>('/info'), staleTime: 60_000 });
}

/** A file that goes in the way that suits it. `fingerprint` names it in this place, so that it is resumed after the page was loaded again. */
export class FileTransfer implements Transfer {
  private way: Transfer | undefined;
  private choosing: Promise<Transfer> | undefined;
  private stopped = false;

  constructor(
    private readonly file: File,
    private readonly target: Target,
    private readonly fingerprint: string,
    private readonly events: TransferEvents,
  ) {}

  async start(): Promise<void> {
    this.stopped = false;
    this.events.onActive();
    this.choosing ??= this.choose();
    this.way = await this.choosing;
    if (!this.stopped) await this.way.start();
  }

  pause(): void {
    this.stopped = true;
    this.way?.pause();
  }

  cancel(): void {
    this.stopped = true;
    this.way?.cancel();
  }

  wake(): void {
    this.way?.wake();
  }

  private async choose(): Promise<Transfer> {
    const sizes = await readSizes();
    // A file of one chunk is new or not as a whole: sending it costs less than asking.
    if (!sizes || this.file.size <= sizes.average_bytes) return this.asItIs();
    return new DeltaTransfer(this.file, this.target, this.fingerprint, sizes, {
      ...this.events,
      onUnable: () => {
        this.way = this.asItIs();
        this.choosing = Promise.resolve(this.way);
        if (!this.stopped) void this.way.start();
      },
    });
  }

  private asItIs(): Transfer {
    return new TusTransfer(this.file, this.target, this.fingerprint, this.events);
  }
}

async function readSizes(): Promise<Sizes | null> {
  if (typeof Worker === 'undefined' || typeof WebAssembly === 'undefined') return null;
  try {
    const { chunks } = await readInfo();
    return chunks.algorithm === ALGORITHM ? chunks : null;
  } catch {
    return null; // the server is away: sending the file as it is waits for it
  }
}
