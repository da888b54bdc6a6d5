// How does a file become a page? The server converts it, the editor's own schema reads the result, and the text goes into
// the new page's room piece by piece, each piece saved before the next: like typing, only faster.
import { getSchema } from '@tiptap/core';
import { DOMParser as SchemaParser } from '@tiptap/pm/model';
import { prosemirrorToYDoc } from '@tiptap/y-tiptap';
import * as Y from 'yjs';
import { api, ApiError } from '../../api/client';
import type { DocumentView, HtmlView } from '../../api/types';
import { schemaExtensions } from '../editor/extensions';
import { uploadPicture } from '../editor/images';
import { Room } from '../editor/room';
import { pageName } from './kinds';

export type ImportStep = 'converting' | 'pictures' | 'writing';

export interface ImportProgress {
  step: ImportStep;
  done: number;
  total: number;
}

/** The name of the body in the page's document, as the editor has it. */
const BODY = 'default';
/** Characters of one update: far below what the server takes as one message. */
const PIECE_CHARACTERS = 60_000;
/** How long one piece may wait to be saved. */
const SAVE_TIMEOUT_MS = 60_000;
const NAME_TRIES = 30;

/** What went wrong, and which page it left behind, when it could not be taken away again. */
export class ImportError extends Error {
  constructor(
    readonly reason: unknown,
    readonly leftPage: DocumentView | null,
  ) {
    super(reason instanceof Error ? reason.message : String(reason));
  }
}

/** Makes a page of a file, in the file's folder. Returns the page and what is not as it was. */
export async function importPage(
  document: Pick<DocumentView, 'id' | 'name' | 'folder_id'>,
  report: (progress: ImportProgress) => void,
  signal: AbortSignal,
): Promise<{ page: DocumentView; warnings: HtmlView['warnings'] }> {
  report({ step: 'converting', done: 0, total: 0 });
  const { html, warnings } = await api.get<HtmlView>(`/documents/${document.id}/html`, undefined, signal);
  // An inert document: nothing in it is loaded or run.
  const content = new DOMParser().parseFromString(html, 'text/html').body;
  if (!content.textContent?.trim() && !content.querySelector('img')) {
    throw new ApiError('document_empty', 'the document has no text', 422);
  }
  const page = await createPage(document.folder_id, pageName(document.name));
  try {
    await placePictures(content, page, report, signal);
    await fillPage(page.id, content, report, signal);
    return { page, warnings };
  } catch (reason) {
    const removed = await api.delete(`/documents/${page.id}`).then(
      () => true,
      () => false,
    );
    throw new ImportError(reason, removed ? null : page);
  }
}

/** Makes an empty page; where the name is taken, with a number behind it. */
async function createPage(folderId: string, name: string): Promise<DocumentView> {
  for (let number = 1; ; number++) {
    const tried = number === 1 ? name : `${name} (${number})`;
    try {
      return await api.post<DocumentView>('/documents', { kind: 'page', folder_id: folderId, name: tried });
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'name_taken' || number >= NAME_TRIES) throw error;
    }
  }
}

/** Uploads the pictures that are in the text, and lets the text point at them. */
async function placePictures(
  content: HTMLElement,
  page: DocumentView,
  report: (progress: ImportProgress) => void,
  signal: AbortSignal,
): Promise<void> {
  const bySource = new Map<string, HTMLImageElement[]>();
  for (const image of content.querySelectorAll('img')) {
    const source = image.getAttribute('src') ?? '';
    bySource.set(source, [...(bySource.get(source) ?? []), image]);
  }
  const total = bySource.size;
  let done = 0;
  for (const [source, images] of bySource) {
    signal.throwIfAborted();
    report({ step: 'pictures', done, total });
    const file = pictureFile(source, done + 1);
    const address = file && (await uploadPicture(file, page.id));
    for (const image of images) {
      if (address) image.setAttribute('src', address);
      else image.remove();
    }
    done += 1;
  }
}

function pictureFile(source: string, number: number): File | null {
  const parts = /^data:(image\/(png|jpeg|gif));base64,(.*)$/.exec(source);
  if (!parts) return null;
  const bytes = Uint8Array.from(atob(parts[3] ?? ''), (character) => character.charCodeAt(0));
  return new File([bytes], `image-${number}.${parts[2]}`, { type: parts[1] });
}

/** Writes the text into the room of an empty page, and returns when all of it is saved. */
async function fillPage(
  pageId: string,
  content: HTMLElement,
  report: (progress: ImportProgress) => void,
  signal: AbortSignal,
): Promise<void> {
  const parsed = SchemaParser.fromSchema(getSchema(schemaExtensions())).parse(content);
  const source = prosemirrorToYDoc(parsed, BODY);
  const room = new Room(pageId);
  try {
    await settled(room, (snapshot) => snapshot.loaded, signal);
    const body = room.doc.getXmlFragment(BODY);
    const total = source.getXmlFragment(BODY).toString().length;
    let done = 0;
    for (const piece of pieces(source.getXmlFragment(BODY), body)) {
      room.doc.transact(piece.write);
      await settled(room, (snapshot) => snapshot.state === 'saved' && !snapshot.dirty, signal);
      done += piece.characters;
      report({ step: 'writing', done, total });
    }
  } finally {
    room.destroy();
    source.destroy();
  }
}

interface Piece {
  characters: number;
  write: () => void;
}

/** Copies what is in `source` to the end of `target`, in pieces of a bounded size; large tables and lists in parts. */
export function* pieces(source: Y.XmlFragment, target: Y.XmlFragment): Generator<Piece> {
  let waiting: (Y.XmlElement | Y.XmlText)[] = [];
  let characters = 0;
  const flush = function* (): Generator<Piece> {
    if (waiting.length === 0) return;
    const nodes = waiting;
    yield { characters, write: () => target.push(nodes.map((node) => node.clone())) };
    waiting = [];
    characters = 0;
  };
  for (const node of source.toArray()) {
    if (!(node instanceof Y.XmlElement || node instanceof Y.XmlText)) continue;
    const size = node.toString().length;
    if (size > PIECE_CHARACTERS && node instanceof Y.XmlElement && node.length > 1) {
      yield* flush();
      const shell = new Y.XmlElement(node.nodeName);
      yield {
        characters: 0,
        write: () => {
          for (const [name, value] of Object.entries(node.getAttributes())) shell.setAttribute(name, value as string);
          target.push([shell]);
        },
      };
      yield* pieces(node, shell);
      continue;
    }
    if (characters + size > PIECE_CHARACTERS) yield* flush();
    waiting.push(node);
    characters += size;
  }
  yield* flush();
}

/** Waits until the room is as wanted; fails when the server ends it or the time is over. */
function settled(room: Room, is: (snapshot: ReturnType<Room['read']>) => boolean, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (error?: unknown) => {
      clearTimeout(timer);
      unsubscribe();
      signal.removeEventListener('abort', handleAbort);
      if (error === undefined) resolve();
      else reject(error);
    };
    const handleAbort = () => end(signal.reason);
    const look = () => {
      const snapshot = room.read();
      if (snapshot.refusal) end(new ApiError(snapshot.refusal.code, snapshot.refusal.message, 409));
      else if (is(snapshot)) end();
    };
    const timer = setTimeout(() => end(new ApiError('network', 'the page could not be saved', 0)), SAVE_TIMEOUT_MS);
    const unsubscribe = room.subscribe(look);
    signal.addEventListener('abort', handleAbort);
    if (signal.aborted) handleAbort();
    else look();
  });
}
