// Where do a board's pictures live? Not in the shared document, which every colleague loads and which keeps its whole
// history, but each as a document that belongs to the board. The board knows which document holds which picture.
import type { ExcalidrawElement } from '@excalidraw/excalidraw/element/types';
import type { BinaryFileData, BinaryFiles, ExcalidrawImperativeAPI } from '@excalidraw/excalidraw/types';
import * as Y from 'yjs';
import { apiUrl } from '../../api/client';
import { uploadPicture } from '../editor/images';

/** Which document holds a picture. */
export interface StoredPicture {
  document: string;
  mimeType: string;
  created: number;
}

/** How long to wait before a picture that failed is tried again. */
const RETRY_MS = 15_000;

export class Pictures {
  private readonly stored: Y.Map<StoredPicture>;
  private readonly uploading = new Set<string>();
  private readonly loading = new Set<string>();
  private readonly failedAt = new Map<string, number>();

  constructor(
    private readonly boardId: string,
    doc: Y.Doc,
    private readonly api: Pick<ExcalidrawImperativeAPI, 'getFiles' | 'addFiles'>,
    private readonly onStored: () => void,
    private readonly onError: (error: unknown) => void,
  ) {
    this.stored = doc.getMap('files');
  }

  /** Whether others can show this element: any but a picture that is not stored yet. */
  isReady(element: ExcalidrawElement): boolean {
    return element.type !== 'image' || element.fileId === null || this.stored.has(element.fileId);
  }

  get isUploading(): boolean {
    return this.uploading.size > 0;
  }

  /** Stores the pictures among these elements that are not stored, and fetches those that are not here. */
  exchange(elements: readonly ExcalidrawElement[], mayStore: boolean): void {
    const files = this.api.getFiles();
    for (const element of elements) {
      if (element.type !== 'image' || element.isDeleted || element.fileId === null) continue;
      const here = files[element.fileId];
      if (here && mayStore && !this.stored.has(element.fileId)) void this.store(here);
      else if (!here) void this.fetch(element.fileId);
    }
  }

  private async store(file: BinaryFileData): Promise<void> {
    if (this.uploading.has(file.id) || this.mustWait(file.id)) return;
    this.uploading.add(file.id);
    try {
      const address = await uploadPicture(toFile(file), this.boardId);
      const document = /\/documents\/([^/]+)\/content$/.exec(address)?.[1];
      if (document) this.stored.set(file.id, { document, mimeType: file.mimeType, created: file.created });
    } catch (error) {
      this.failedAt.set(file.id, Date.now());
      this.onError(error);
    } finally {
      this.uploading.delete(file.id);
      this.onStored();
    }
  }

  private async fetch(id: BinaryFileData['id']): Promise<void> {
    const stored = this.stored.get(id);
    if (!stored || this.loading.has(id) || this.mustWait(id)) return;
    this.loading.add(id);
    const loaded = await loadPicture(id, stored);
    if (loaded) this.api.addFiles([loaded]);
    else this.failedAt.set(id, Date.now());
    this.loading.delete(id);
  }

  private mustWait(id: string): boolean {
    return Date.now() - (this.failedAt.get(id) ?? 0) < RETRY_MS;
  }
}

/** The pictures of a stored version. */
export async function loadPictures(stored: Record<string, StoredPicture>): Promise<BinaryFiles> {
  const loaded = await Promise.all(Object.entries(stored).map(([id, one]) => loadPicture(id as BinaryFileData['id'], one)));
  return Object.fromEntries(loaded.filter((one) => one !== null).map((one) => [one.id, one]));
}

async function loadPicture(id: BinaryFileData['id'], stored: StoredPicture): Promise<BinaryFileData | null> {
  // Who may see pages but not originals gets the picture as its page.
  for (const address of [`/documents/${stored.document}/content`, `/documents/${stored.document}/pages/1.webp?width=1280`]) {
    try {
      const response = await fetch(apiUrl(address));
      if (!response.ok) continue;
      const blob = await response.blob();
      const mimeType = (blob.type || stored.mimeType) as BinaryFileData['mimeType'];
      return { id, mimeType, created: stored.created, dataURL: (await toDataUrl(blob)) as BinaryFileData['dataURL'] };
    } catch {
      // The network is gone: asked for again with a later change.
    }
  }
  return null;
}

function toDataUrl(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result as string);
    reader.onerror = () => reject(reader.error ?? new Error('unreadable'));
    reader.readAsDataURL(blob);
  });
}

/** A picture as a file; the content security policy forbids asking for a `data:` address. */
export function toFile(file: Pick<BinaryFileData, 'dataURL' | 'mimeType' | 'id'>): File {
  const comma = file.dataURL.indexOf(',');
  const body = file.dataURL.slice(comma + 1);
  const bytes = file.dataURL.slice(0, comma).endsWith(';base64')
    ? Uint8Array.from(atob(body), (character) => character.charCodeAt(0))
    : new TextEncoder().encode(decodeURIComponent(body));
  const extension = file.mimeType.split('/')[1]?.replace('svg+xml', 'svg').replace('jpeg', 'jpg') ?? 'png';
  return new File([bytes], `${file.id.slice(0, 12)}.${extension}`, { type: file.mimeType });
}
