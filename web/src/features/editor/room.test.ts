import { Editor, Node } from '@tiptap/core';
import Collaboration from '@tiptap/extension-collaboration';
import StarterKit from '@tiptap/starter-kit';
import * as encoding from 'lib0/encoding';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import * as sync from 'y-protocols/sync';
import * as Y from 'yjs';
import { pauseAfter, Room } from './room';
import { knownTypes } from './schemaGuard';

/** A server in a test's hands. */
class FakeSocket extends EventTarget {
  static readonly CLOSING = 2;
  static last: FakeSocket;
  static all: FakeSocket[] = [];
  readonly OPEN = 1;
  readyState = 0;
  binaryType = '';
  sent: Uint8Array[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: ArrayBuffer }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: (() => void) | null = null;

  constructor(readonly url: string) {
    super();
    FakeSocket.last = this;
    FakeSocket.all.push(this);
  }

  send(bytes: Uint8Array) {
    this.sent.push(bytes);
  }

  close() {
    this.readyState = 3;
  }

  open() {
    this.readyState = 1;
    this.onopen?.();
    this.dispatchEvent(new Event('open'));
  }

  say(write: (encoder: encoding.Encoder) => void) {
    const encoder = encoding.createEncoder();
    write(encoder);
    this.dispatchEvent(new Event('message'));
    this.onmessage?.({ data: encoding.toUint8Array(encoder).slice().buffer });
  }

  step1(doc: Y.Doc) {
    this.say((encoder) => {
      encoding.writeVarUint(encoder, 0);
      sync.writeSyncStep1(encoder, doc);
    });
  }

  step2(doc: Y.Doc) {
    this.say((encoder) => {
      encoding.writeVarUint(encoder, 0);
      sync.writeSyncStep2(encoder, doc);
    });
  }

  update(update: Uint8Array) {
    this.say((encoder) => {
      encoding.writeVarUint(encoder, 0);
      sync.writeUpdate(encoder, update);
    });
  }

  saved(count: number) {
    this.say((encoder) => {
      encoding.writeVarUint(encoder, 100);
      encoding.writeVarUint(encoder, count);
    });
  }

  end(code: number, reason = '') {
    this.readyState = 3;
    this.onclose?.({ code, reason });
  }
}

beforeEach(() => {
  vi.useFakeTimers();
  FakeSocket.all = [];
  vi.stubGlobal('WebSocket', FakeSocket);
  vi.stubGlobal('fetch', () => Promise.reject(new Error('away')));
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function joined(server = new Y.Doc()) {
  const room = new Room('page');
  await vi.advanceTimersByTimeAsync(0);
  const socket = FakeSocket.last;
  socket.open();
  socket.step1(server);
  socket.step2(server);
  return { room, socket };
}

const type = (room: Room, words: string) => room.doc.getText('t').insert(0, words);

test('only what the server has acknowledged is called saved', async () => {
  const { room, socket } = await joined();
  expect(room.read().state).toBe('saving');
  socket.saved(1);
  expect(room.read()).toMatchObject({ state: 'saved', dirty: false });
  type(room, 'a');
  type(room, 'b');
  expect(room.read()).toMatchObject({ state: 'saving', dirty: true });
  socket.saved(2);
  expect(room.read().state).toBe('saving');
  socket.saved(3);
  expect(room.read().state).toBe('saved');
  room.destroy();
});

test('what was under way when the connection broke is unsaved until the next one has it', async () => {
  const server = new Y.Doc();
  const { room, socket } = await joined(server);
  socket.saved(1);
  type(room, 'a');
  socket.end(1006);
  expect(room.read()).toMatchObject({ state: 'offline', dirty: true });
  await vi.advanceTimersByTimeAsync(500);
  const again = FakeSocket.last;
  expect(again).not.toBe(socket);
  again.open();
  expect(room.read().dirty).toBe(true);
  again.step1(server);
  again.step2(server);
  expect(room.read()).toMatchObject({ state: 'saving', dirty: true });
  again.saved(1);
  expect(room.read()).toMatchObject({ state: 'saved', dirty: false });
  room.destroy();
});

test('an ending for good is not followed by another try', async () => {
  const { room, socket } = await joined();
  socket.end(4403, 'no access');
  expect(room.read()).toMatchObject({ state: 'closed', refusal: { code: 'room_access_ended' } });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(FakeSocket.all.length).toBe(1);
  room.destroy();
});

test('clients of a restarted server come back spread, and wait longer the longer it is away', async () => {
  for (const random of [0, 0.5, 0.999]) {
    const pauses = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((failures) => pauseAfter(failures, 1006, random));
    expect(pauses).toEqual([...pauses].sort((a, b) => a - b));
    expect(pauses.at(-1)).toBeLessThanOrEqual(10_000);
    expect(pauses[0]).toBeGreaterThanOrEqual(100);
  }
  const spread = Array.from({ length: 1_000 }, () => pauseAfter(1, 1012)).sort((a, b) => a - b);
  expect(spread.at(-1)! - spread[0]!).toBeGreaterThan(2_000);
  for (let at = 0; at + 200 < spread.length; at += 1) expect(spread[at + 200]! - spread[at]!, 'no fifth within a quarter second').toBeGreaterThan(250);

  // y-websocket keeps to it.
  vi.spyOn(Math, 'random').mockReturnValue(0.8);
  const { room, socket } = await joined();
  socket.end(1012, 'the server restarts');
  const pause = pauseAfter(1, 1012, 0.8);
  await vi.advanceTimersByTimeAsync(pause - 20);
  expect(FakeSocket.all.length).toBe(1);
  await vi.advanceTimersByTimeAsync(40);
  expect(FakeSocket.all.length).toBe(2);
  FakeSocket.last.end(1006);
  await vi.advanceTimersByTimeAsync(pauseAfter(2, 1006, 0.8) - 20);
  expect(FakeSocket.all.length).toBe(2);
  await vi.advanceTimersByTimeAsync(40);
  expect(FakeSocket.all.length).toBe(3);
  room.destroy();
});

const Diagram = Node.create({ name: 'diagram', group: 'block', content: 'inline*', renderHTML: () => ['div', 0] });

function editor(doc: Y.Doc, extra: Node[] = []) {
  return new Editor({
    element: document.createElement('div'),
    extensions: [StarterKit.configure({ undoRedo: false }), Collaboration.configure({ document: doc }), ...extra],
  });
}

/** What a newer client writes, as the updates that leave it. */
function newer() {
  const doc = new Y.Doc();
  const updates: Uint8Array[] = [];
  doc.on('update', (update: Uint8Array) => updates.push(update.slice()));
  return { doc, view: editor(doc, [Diagram]), updates };
}

async function guarded() {
  const room = new Room('page', { waits: true });
  const view = editor(room.doc);
  room.start(knownTypes(view.schema));
  await vi.advanceTimersByTimeAsync(0);
  return { room, view, socket: FakeSocket.last };
}

test('a page with something unknown never reaches the editor, and nothing goes out', async () => {
  const { doc, view } = newer();
  view.commands.setContent('<p>kept</p>');
  view.commands.insertContentAt(0, { type: 'diagram', content: [{ type: 'text', text: 'a → b' }] });
  const { room, socket } = await guarded();
  socket.open();
  socket.step1(doc);
  const before = socket.sent.length;
  socket.step2(doc);
  expect(room.read().unknown).toEqual(['diagram']);
  expect(room.doc.getXmlFragment('default').toString()).not.toContain('diagram');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(socket.sent.slice(before).filter((frame) => frame[0] === 0)).toEqual([]);
  expect(FakeSocket.all.length).toBe(1);
  const taken = new Y.Doc();
  Y.applyUpdate(taken, room.handOver());
  expect(taken.getXmlFragment('default').toString()).toContain('a → b');
  room.destroy();
});

test('something unknown that comes while the page is open closes the editor, with what was written in it', async () => {
  const { doc, view, updates } = newer();
  view.commands.setContent('<p>kept</p>');
  const { room, view: old, socket } = await guarded();
  socket.open();
  socket.step1(doc);
  socket.step2(doc);
  socket.saved(1);
  expect(room.read().unknown).toBeNull();
  old.commands.insertContentAt(1, 'mine ');
  updates.length = 0;
  view.commands.insertContentAt(view.state.doc.content.size, { type: 'diagram', content: [{ type: 'text', text: 'late' }] });
  updates.forEach((update) => socket.update(update));
  expect(room.read()).toMatchObject({ unknown: ['diagram'], dirty: true });
  const taken = new Y.Doc();
  Y.applyUpdate(taken, room.handOver());
  expect(taken.getXmlFragment('default').toString()).toMatch(/mine kept.*late/);
  // The room that takes its place has it, and knows that it was not acknowledged.
  const next = new Room('page', { seed: room.handOver() });
  expect(next.read()).toMatchObject({ dirty: true, unknown: null });
  room.destroy();
  next.destroy();
});

test('something unknown that was deleted again is no reason to close the editor', async () => {
  const { doc, view, updates } = newer();
  view.commands.setContent({ type: 'doc', content: [{ type: 'diagram', content: [{ type: 'text', text: 'gone' }] }, { type: 'paragraph' }] });
  view.commands.setContent('<p>only this</p>');
  const { room, view: old, socket } = await guarded();
  socket.open();
  socket.step1(doc);
  updates.forEach((update) => socket.update(update));
  expect(room.read().unknown).toBeNull();
  socket.step2(doc);
  await vi.advanceTimersByTimeAsync(100);
  expect(room.read()).toMatchObject({ unknown: null, loaded: true });
  expect(old.getText()).toContain('only this');
  room.destroy();
});
