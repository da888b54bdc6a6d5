import { expect, test } from 'vitest';
import { readDropped, readPicked } from './dropped';

function fileEntry(name: string) {
  return { isFile: true, name, file: (done: (file: File) => void) => done(new File(['x'], name)) };
}

function folderEntry(name: string, children: object[]) {
  return {
    isFile: false,
    name,
    createReader: () => {
      let rest = [...children];
      return {
        readEntries: (done: (entries: object[]) => void) => {
          done(rest.slice(0, 2)); // a browser hands out a few at a time
          rest = rest.slice(2);
        },
      };
    },
  };
}

test('a dropped folder is read to the bottom, with its empty folders and without the litter of the system', async () => {
  const tree = folderEntry('档案', [
    fileEntry('1.txt'),
    fileEntry('.DS_Store'),
    fileEntry('2.txt'),
    folderEntry('空', []),
    folderEntry('内', [fileEntry('3.txt')]),
  ]);
  const items = [tree, fileEntry('loose.txt')].map((entry) => ({ kind: 'file', webkitGetAsEntry: () => entry }));
  const selection = await readDropped({ items } as unknown as DataTransfer);
  expect(selection.files.map(({ file, folders }) => [...folders, file.name].join('/'))).toEqual([
    '档案/1.txt',
    '档案/2.txt',
    '档案/内/3.txt',
    'loose.txt',
  ]);
  expect(selection.folders.map((path) => path.join('/'))).toEqual(['档案', '档案/空', '档案/内']);
});

test('a picked folder keeps its structure', () => {
  const file = new File(['x'], 'a.txt');
  Object.defineProperty(file, 'webkitRelativePath', { value: '上/下/a.txt' });
  expect(readPicked([file]).files[0]?.folders).toEqual(['上', '下']);
});
