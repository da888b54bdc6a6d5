import { IDBFactory } from 'fake-indexeddb';
import * as fake from 'fake-indexeddb';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import * as Y from 'yjs';
import { roomsWithPending } from '../../offline/copies';
import { closeDatabase } from '../../offline/database';
import { forgetPerson, tidyUp } from '../../offline/kept';
import { LocalCopy, readCopy } from './localCopy';

beforeEach(() => {
  vi.stubGlobal('indexedDB', new IDBFactory());
  vi.stubGlobal('IDBKeyRange', fake.IDBKeyRange);
});
afterEach(async () => {
  await closeDatabase();
  vi.unstubAllGlobals();
});

/** A page in one tab. */
function tab(user = 'ada', room = 'page') {
  const doc = new Y.Doc();
  const copy: LocalCopy = new LocalCopy({
    user,
    room,
    encode: (beyond) => Y.encodeStateAsUpdate(doc, beyond),
    arrived: (update) => Y.applyUpdate(doc, update, copy),
    changed: () => {},
  });
  doc.on('update', (update: Uint8Array, origin: unknown) => origin !== copy && copy.add(update, origin !== 'server'));
  const text = doc.getText('t');
  const load = async () => {
    const kept = await copy.load();
    kept.durable.forEach((update) => Y.applyUpdate(doc, update, copy));
    copy.setServerState(Y.encodeStateVector(doc));
    kept.pending.forEach((update) => Y.applyUpdate(doc, update, copy));
    return kept;
  };
  const type = (words: string) => text.insert(text.length, words);
  const receive = (words: string) => {
    const other = new Y.Doc();
    Y.applyUpdate(other, Y.encodeStateAsUpdate(doc));
    const before = Y.encodeStateVector(other);
    other.getText('t').insert(other.getText('t').length, words);
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(other, before), 'server');
  };
  return { doc, copy, text, load, type, receive };
}

async function read(user = 'ada', room = 'page') {
  const found = await readCopy(user, room);
  return found && { text: found.doc.getText('t').toString(), pending: found.pending };
}

test('what was typed is there after the tab has closed, and is known not to be sent', async () => {
  const one = tab();
  expect((await one.load()).exists).toBe(false);
  one.receive('from the server ');
  one.type('mine');
  await one.copy.close();
  expect(await read()).toEqual({ text: 'from the server mine', pending: true });
  expect(await roomsWithPending('ada')).toEqual(['page']);

  const two = tab();
  const kept = await two.load();
  expect(kept.exists && kept.pending.length).toBe(1);
  two.copy.settle(Y.encodeStateVector(two.doc));
  await two.copy.close();
  expect(await read()).toEqual({ text: 'from the server mine', pending: false });
  expect(await roomsWithPending('ada')).toEqual([]);
});

test('what the server has acknowledged before it was written is not called pending', async () => {
  const one = tab();
  await one.load();
  one.type('quick');
  one.copy.settle(Y.encodeStateVector(one.doc));
  await one.copy.close();
  expect(await read()).toEqual({ text: 'quick', pending: false });
});

test('a copy stays small however much is typed, online and offline', async () => {
  const one = tab();
  await one.load();
  const rows = async () => {
    const { transact, result } = await import('../../offline/database');
    return transact(['updates'], 'readonly', (store) => result(store('updates').count()));
  };
  for (let number = 0; number < 150; number += 1) {
    one.type('x');
    await one.copy.flush();
  }
  expect(await rows()).toBeLessThan(62);
  expect(await read()).toEqual({ text: 'x'.repeat(150), pending: true });
  one.copy.settle(Y.encodeStateVector(one.doc));
  await one.copy.flush();
  for (let number = 0; number < 150; number += 1) {
    one.receive('y');
    await one.copy.flush();
  }
  expect(await rows()).toBeLessThan(62);
  expect(await read()).toEqual({ text: 'x'.repeat(150) + 'y'.repeat(150), pending: false });
  await one.copy.close();
});

test('tabs of one person share what is kept, and neither takes the other’s away when merging', async () => {
  const [one, two] = [tab(), tab()];
  await one.load();
  await two.load();
  one.type('one');
  await one.copy.flush();
  await vi.waitFor(() => expect(two.text.toString()).toBe('one'));
  for (let number = 0; number < 70; number += 1) {
    one.type('a');
    two.type('b');
    await Promise.all([one.copy.flush(), two.copy.flush()]);
  }
  await vi.waitFor(() => expect(one.text.toString()).toBe(two.text.toString()));
  one.copy.settle(Y.encodeStateVector(one.doc));
  two.copy.settle(Y.encodeStateVector(two.doc));
  await one.copy.flush();
  await two.copy.flush();
  one.receive('!');
  await one.copy.close();
  await two.copy.close();
  expect(await read()).toEqual({ text: one.text.toString(), pending: false });
});

test('when the browser refuses to write it is said, and tried again with all of the page', async () => {
  const one = tab();
  await one.load();
  const add = vi.spyOn(fake.IDBObjectStore.prototype, 'add').mockImplementation(() => {
    throw new DOMException('full', 'QuotaExceededError');
  });
  one.type('too much');
  await one.copy.flush();
  expect(one.copy.keeping).toBe('failed');
  one.type(', and more');
  await one.copy.flush();
  expect(one.copy.keeping).toBe('failed');
  add.mockRestore();
  await one.copy.flush();
  expect(one.copy.keeping).toBe('kept');
  expect(await read()).toEqual({ text: 'too much, and more', pending: true });
  await one.copy.close();
});

test('a browser without storage keeps nothing and says so', async () => {
  vi.stubGlobal('indexedDB', undefined);
  const one = tab();
  expect(await one.load()).toEqual({ exists: false, durable: [], pending: [] });
  expect(one.copy.keeping).toBe('failed');
  await one.copy.close();
});

test('signing out removes everything of a person, also what is open', async () => {
  const [ada, bob] = [tab('ada'), tab('bob')];
  await ada.load();
  await bob.load();
  ada.type('a');
  bob.type('b');
  await ada.copy.flush();
  await bob.copy.flush();
  ada.type('not written yet');
  await forgetPerson('ada');
  ada.type('too late');
  await ada.copy.flush();
  expect(await read('ada')).toBeNull();
  expect(await read('bob')).toEqual({ text: 'b', pending: true });
  await bob.copy.close();
});

test('tidying up takes what is old or another’s, and never what was not sent', async () => {
  for (const [user, room, sent] of [['ada', 'sent', true], ['ada', 'unsent', false], ['bob', 'sent', true], ['bob', 'unsent', false]] as const) {
    const one = tab(user, room);
    await one.load();
    one.type('x');
    one.copy.touch();
    if (sent) one.copy.settle(Y.encodeStateVector(one.doc));
    await one.copy.close();
  }
  await tidyUp('ada');
  expect(await read('ada', 'sent')).not.toBeNull();
  expect(await read('bob', 'sent')).toBeNull();
  expect(await read('bob', 'unsent')).not.toBeNull();
  await tidyUp('ada', Date.now() + 31 * 24 * 3600_000);
  expect(await read('ada', 'sent')).toBeNull();
  expect(await read('ada', 'unsent')).not.toBeNull();
});
