import { beforeEach, expect, test, vi } from 'vitest';
import { ApiError } from '../../api/client';
import { mockServer } from '../../testing/server';
import { PARALLEL, UploadManager } from './manager';
import type { Target, TransferEvents } from './transfer';

interface Fake {
  file: File;
  target: Target;
  events: TransferEvents;
  paused: number;
  cancelled: boolean;
}

const fakes = vi.hoisted(() => [] as Fake[]);

vi.mock('./transfer', () => ({
  readInfo: () => Promise.resolve({ upload_max_bytes: 100 }),
  FileTransfer: class {
    fake: Fake;
    constructor(file: File, target: Target, _fingerprint: string, events: TransferEvents) {
      this.fake = { file, target, events, paused: 0, cancelled: false };
      fakes.push(this.fake);
    }
    start() {
      this.fake.events.onActive();
      return Promise.resolve();
    }
    pause() {
      this.fake.paused += 1;
    }
    cancel() {
      this.fake.cancelled = true;
    }
    wake() {}
  },
}));

const files = (...names: string[]) => ({ files: names.map((name) => ({ file: new File(['12345'], name), folders: [] })), folders: [] });

function serve(conflicts: { name: string; document_id: string }[] = []) {
  return mockServer({ 'POST /folders/f1/conflicts': { items: conflicts }, 'GET /info': { upload_max_bytes: 100 } });
}

const settled = (manager: UploadManager, states: string[]) =>
  vi.waitFor(() => expect(manager.getView().items.map((item) => item.state)).toEqual(states), 20_000);

beforeEach(() => {
  fakes.length = 0;
});

test('a few files go at a time, the next when one is done', async () => {
  serve();
  const manager = new UploadManager();
  await manager.add('f1', files('a', 'b', 'c', 'd', 'e'));
  await settled(manager, ['uploading', 'uploading', 'uploading', 'queued', 'queued']);
  expect(fakes).toHaveLength(PARALLEL);
  fakes[1]!.events.onDone('d2', null);
  await settled(manager, ['uploading', 'done', 'uploading', 'uploading', 'queued']);
  expect(manager.getView().items[1]).toMatchObject({ documentId: 'd2', doneBytes: 5 });
});

test('one question covers all names that exist: some become versions, some are skipped', async () => {
  const calls = serve([
    { name: 'a', document_id: 'doc-a' },
    { name: 'b', document_id: 'doc-b' },
  ]);
  const manager = new UploadManager();
  const added = manager.add('f1', files('a', 'b', 'c'));
  await vi.waitFor(() => expect(manager.getView().question).not.toBeNull(), 20_000);
  const question = manager.getView().question!;
  expect(question.names.map((one) => one.name)).toEqual(['a', 'b']);
  question.answer(new Map([[0, 'version' as const], [1, 'skip' as const]]));
  await added;
  expect(fakes.map((fake) => [fake.file.name, fake.target])).toEqual([
    ['a', { documentId: 'doc-a' }],
    ['c', { folderId: 'f1' }],
  ]);
  expect(calls.filter((call) => call.path.endsWith('/conflicts'))).toHaveLength(1);
});

test('a file that is too large fails before it is sent', async () => {
  serve();
  const manager = new UploadManager();
  const big = new File(['x'.repeat(101)], 'big');
  await manager.add('f1', { files: [{ file: big, folders: [] }], folders: [] });
  await settled(manager, ['failed']);
  expect(manager.getView().items[0]?.error?.code).toBe('upload_too_large');
  expect(fakes).toHaveLength(0);
});

test('a refused file shows why, lets the others go on, and can be sent as a version', async () => {
  serve();
  const manager = new UploadManager();
  await manager.add('f1', files('a', 'b'));
  fakes[0]!.events.onFailed(new ApiError('name_taken', 'taken', 409, undefined, undefined, { document_id: 'doc-a' }));
  await settled(manager, ['failed', 'uploading']);
  manager.uploadAsVersion(manager.getView().items[0]!.id);
  await settled(manager, ['uploading', 'uploading']);
  expect(fakes.at(-1)!.target).toEqual({ documentId: 'doc-a' });
});

test('everything can be paused and resumed, and a cancelled file is forgotten by the server', async () => {
  serve();
  const manager = new UploadManager();
  await manager.add('f1', files('a', 'b'));
  manager.pauseAll();
  await settled(manager, ['queued', 'queued']);
  expect(fakes.map((fake) => fake.paused)).toEqual([1, 1]);
  manager.resumeAll();
  await settled(manager, ['uploading', 'uploading']);
  manager.cancel(manager.getView().items[0]!.id);
  await settled(manager, ['uploading']);
  expect(fakes[0]!.cancelled).toBe(true);
});
