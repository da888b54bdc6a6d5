import { beforeEach, expect, test, vi } from 'vitest';
import { errorReply, mockServer, type Call } from '../../testing/server';
import type { Report } from './chunks/chunker.worker';
import { DeltaTransfer, type DeltaEvents } from './deltaTransfer';

const SIZES = { min_bytes: 2, average_bytes: 4, max_bytes: 8 };
const CHUNKS = ['a', 'b', 'c', 'b'].map((hash) => ({ hash, size_bytes: 4 }));
const FILE = new File(['aaaabbbbccccbbbb'], '图.bin');

/** What the worker says; `crash` is what a browser does that may not run it. */
let reports: Report[];
/** Requests with a body of bytes. */
let sent: { method: string; path: string; body: Blob | null; headers: Record<string, string> }[];
/** Statuses of the next answers to those; 201 and 204 by default. */
let refusals: { status: number; code: string }[];
let uploads: number;

class FakeWorker {
  onmessage: ((event: { data: Report }) => void) | null = null;
  onerror: (() => void) | null = null;
  postMessage() {
    for (const data of reports) setTimeout(() => this.onmessage?.({ data }));
    if (reports.length === 0) setTimeout(() => this.onerror?.());
  }
  terminate() {
    this.onmessage = null;
  }
}

class FakeXhr {
  upload = {};
  status = 0;
  responseText = '';
  headers: Record<string, string> = {};
  onload: () => void = () => {};
  onloadend: () => void = () => {};
  private request = { method: '', path: '' };
  open(method: string, path: string) {
    this.request = { method, path: path.replace('/api/v1', '') };
  }
  setRequestHeader(name: string, value: string) {
    this.headers[name] = value;
  }
  getResponseHeader(name: string) {
    return name === 'Location' ? `/api/v1/uploads/u${uploads}` : null;
  }
  abort() {}
  send(body: Blob | null) {
    sent.push({ ...this.request, body, headers: this.headers });
    const refusal = refusals.shift();
    this.status = refusal?.status ?? 204;
    this.responseText = refusal ? JSON.stringify({ error: { code: refusal.code, message: refusal.code } }) : '';
    if (this.request.method === 'POST') uploads += 1;
    setTimeout(() => {
      this.onload();
      this.onloadend();
    });
  }
}

beforeEach(() => {
  localStorage.clear();
  [sent, refusals, uploads] = [[], [], 0];
  reports = [
    { kind: 'chunks', chunks: CHUNKS.slice(0, 2) },
    { kind: 'chunks', chunks: CHUNKS.slice(2) },
    { kind: 'end' },
  ];
  vi.stubGlobal('Worker', FakeWorker);
  vi.stubGlobal('XMLHttpRequest', FakeXhr);
});

/** Lets the transfer run to its end. */
function run(): Promise<unknown[]> {
  return new Promise((resolve) => {
    const events: DeltaEvents = {
      onActive: () => {},
      onProgress: () => {},
      onWaiting: (error) => resolve(['waiting', error.code]),
      onDone: (...done) => resolve(['done', ...done]),
      onFailed: (error) => resolve(['failed', error.code]),
      onUnable: () => resolve(['unable']),
    };
    void new DeltaTransfer(FILE, { folderId: 'f1' }, 'print', SIZES, events).start();
  });
}

const asked = (call: Call) => (call.body as { chunks: { hash: string }[] }).chunks.map((chunk) => chunk.hash);
const chunksSent = () => sent.filter((one) => one.method === 'PUT').map((one) => one.path.split('/').at(-1));

test('only what the server does not have is sent, each chunk once', async () => {
  const calls = mockServer({
    'POST /uploads/:id/missing': (call: Call) => ({ missing: [...new Set(asked(call))].filter((hash) => hash !== 'a') }),
    'POST /uploads/:id/assemble': { document_id: 'd1', version: 1, unchanged: false },
  });
  expect(await run()).toEqual(['done', 'd1', 8]);
  expect(sent[0]?.headers['Upload-Metadata']).toBe(`filename ${btoa(String.fromCharCode(...new TextEncoder().encode('图.bin')))},folder_id ${btoa('f1')}`);
  expect(sent[0]?.headers['Upload-Length']).toBe('16');
  expect(chunksSent().sort()).toEqual(['b', 'c']);
  expect(asked(calls.at(-1)!)).toEqual(['a', 'b', 'c', 'b']);
  expect(localStorage).toHaveLength(0);
});

test('nothing is sent of what the server has', async () => {
  mockServer({
    'POST /uploads/:id/missing': { missing: [] },
    'POST /uploads/:id/assemble': { document_id: 'd1', version: 2, unchanged: false },
  });
  expect(await run()).toEqual(['done', 'd1', 0]);
  expect(chunksSent()).toEqual([]);
});

test('chunks that the server turns out to lack at the end are sent then', async () => {
  let tries = 0;
  mockServer({
    'POST /uploads/:id/missing': { missing: [] },
    'POST /uploads/:id/assemble': () =>
      tries++ === 0 ? errorReply(409, 'chunks_missing', { missing: ['c'] }) : { document_id: 'd1', version: 1, unchanged: false },
  });
  expect(await run()).toEqual(['done', 'd1', 4]);
  expect(chunksSent()).toEqual(['c']);
});

test('an upload of an earlier visit is gone on with, and begun again when the server has forgotten it', async () => {
  localStorage.setItem('wenshu.upload.print', 'old');
  const calls = mockServer({
    'POST /uploads/old/missing': errorReply(410, 'upload_expired'),
    'POST /uploads/u1/missing': { missing: [] },
    'POST /uploads/u1/assemble': { document_id: 'd1', version: 1, unchanged: false },
  });
  expect(await run()).toEqual(['done', 'd1', 0]);
  expect(calls[0]?.path).toBe('/uploads/old/missing');
});

test('a refusal ends it, an absent server is waited for, and a browser that cannot cut is told', async () => {
  refusals = [{ status: 409, code: 'name_taken' }];
  expect(await run()).toEqual(['failed', 'name_taken']);
  mockServer({ 'POST /uploads/:id/missing': errorReply(503, 'storage_unavailable') });
  expect(await run()).toEqual(['waiting', 'storage_unavailable']);
  reports = [];
  expect(await run()).toEqual(['unable']);
  reports = [{ kind: 'failed', why: 'unreadable', message: 'gone' }];
  expect(await run()).toEqual(['failed', 'file_changed']);
});
