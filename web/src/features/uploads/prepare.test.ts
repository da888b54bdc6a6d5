import { expect, test } from 'vitest';
import { errorReply, mockServer } from '../../testing/server';
import type { Selection } from './dropped';
import { ensureFolders, findConflicts } from './prepare';

const signal = new AbortController().signal;
const file = (name: string, ...folders: string[]) => ({ file: new File(['x'], name), folders });
const folder = (id: string, name: string) => ({ id, name, parent_id: 'root', path: [], abilities: [] });

test('folders of a selection are made once, parents first, and existing ones are used', async () => {
  let made = 0;
  const calls = mockServer({
    'GET /folders/root/children': { folders: [folder('old', '报告')], documents: [] },
    'GET /folders/old/children': { folders: [], documents: [] },
    'POST /folders': () => ({ id: `new${++made}` }),
  });
  const selection: Selection = {
    files: [file('a.txt', '报告', '2025'), file('b.txt', '报告', '2025'), file('c.txt')],
    folders: [['报告'], ['空文件夹']],
  };
  const ids = await ensureFolders('root', selection, signal);
  expect(ids.get('')).toBe('root');
  expect(ids.get('报告')).toBe('old');
  expect(ids.get('报告/2025')).toMatch(/^new/);
  expect(ids.has('空文件夹')).toBe(true);
  const created = calls.filter((call) => call.method === 'POST').map((call) => call.body);
  expect(created).toHaveLength(2);
  expect(created).toContainEqual({ name: '2025', parent_id: 'old' });
});

test('a folder that someone else made in the same moment is used', async () => {
  let asked = 0;
  mockServer({
    'GET /folders/root/children': () => ({ folders: asked++ === 0 ? [] : [folder('theirs', '新')], documents: [] }),
    'POST /folders': errorReply(409, 'name_taken'),
  });
  const ids = await ensureFolders('root', { files: [file('a.txt', '新')], folders: [] }, signal);
  expect(ids.get('新')).toBe('theirs');
});

test('names that exist are found whatever their Unicode form', async () => {
  mockServer({ 'POST /folders/f1/conflicts': { items: [{ name: 'é.txt', document_id: 'd1' }] } });
  const found = await findConflicts('f1', ['e\u0301.txt'], signal);
  expect([...found.values()]).toEqual(['d1']);
  expect(found.get('é.txt')).toBe('d1');
});
