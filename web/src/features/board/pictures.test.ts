import { describe, expect, it, vi } from 'vitest';
import type { BinaryFileData } from '@excalidraw/excalidraw/types';
import { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { uploadPicture } from '../editor/images';
import { Pictures, toFile, type StoredPicture } from './pictures';
import { collaborators, MyPresence } from './presence';

vi.mock('../editor/images', () => ({ uploadPicture: vi.fn() }));

const file = (id: string) => ({ id, mimeType: 'image/png', created: 1, dataURL: `data:image/png;base64,${btoa('\x89PNG')}` }) as unknown as BinaryFileData;
const image = (fileId: string) => ({ id: `e-${fileId}`, type: 'image', isDeleted: false, fileId }) as never;

describe('pictures of a board', () => {
  it('become files byte by byte, also when they are text', async () => {
    const made = toFile(file('0123456789abcdef'));
    expect([made.name, made.type, made.size]).toEqual(['0123456789ab.png', 'image/png', 4]);
    const drawing = toFile({ id: 'x' as never, mimeType: 'image/svg+xml', dataURL: 'data:image/svg+xml,%3Csvg%2F%3E' as never });
    expect([drawing.name, drawing.size]).toEqual(['x.svg', 6]);
  });

  it('are stored once, and their element waits until then', async () => {
    const doc = new Y.Doc();
    const onStored = vi.fn();
    const onError = vi.fn();
    const files = { p: file('p') };
    const pictures = new Pictures('board-1', doc, { getFiles: () => files, addFiles: vi.fn() } as never, onStored, onError);
    vi.mocked(uploadPicture).mockResolvedValue('/api/v1/documents/doc-1/content');
    expect(pictures.isReady(image('p'))).toBe(false);
    pictures.exchange([image('p')], true);
    pictures.exchange([image('p')], true);
    expect(pictures.isUploading).toBe(true);
    await vi.waitFor(() => expect(onStored).toHaveBeenCalledTimes(1));
    expect(uploadPicture).toHaveBeenCalledTimes(1);
    expect(vi.mocked(uploadPicture).mock.calls[0]![1]).toBe('board-1');
    expect(doc.getMap<StoredPicture>('files').get('p')).toEqual({ document: 'doc-1', mimeType: 'image/png', created: 1 });
    expect([pictures.isReady(image('p')), pictures.isUploading, onError.mock.calls.length]).toEqual([true, false, 0]);
  });

  it('that could not be stored are told and wait', async () => {
    const onError = vi.fn();
    const pictures = new Pictures('b', new Y.Doc(), { getFiles: () => ({ p: file('p') }), addFiles: vi.fn() } as never, vi.fn(), onError);
    vi.mocked(uploadPicture).mockClear();
    vi.mocked(uploadPicture).mockRejectedValue(new Error('no'));
    pictures.exchange([image('p')], true);
    await vi.waitFor(() => expect(onError).toHaveBeenCalledTimes(1));
    pictures.exchange([image('p')], true);
    expect(uploadPicture).toHaveBeenCalledTimes(1);
    expect(pictures.isReady(image('p'))).toBe(false);
  });
});

describe('colleagues on a board', () => {
  it('are shown with name and place, without me and without nonsense', () => {
    const mine = new Awareness(new Y.Doc());
    new MyPresence(mine, { id: 'u1', name: '我', color: '#111111' });
    mine.states.set(7, { user: { id: 'u2', name: '李娜', color: '#222222' }, pointer: { x: 1, y: 2, tool: 'pointer' }, selected: ['a'] });
    mine.states.set(8, { user: { id: 'u3', name: '王强', color: '#333333' }, pointer: { x: 'no' }, selected: 'all' });
    mine.states.set(9, {});
    const others = [...collaborators(mine).values()];
    expect(others.map((one) => one.username)).toEqual(['李娜', '王强']);
    expect(others[0]).toMatchObject({ pointer: { x: 1, y: 2 }, selectedElementIds: { a: true }, id: 'u2' });
    expect(others[1]).toMatchObject({ pointer: undefined, selectedElementIds: {} });
    mine.destroy();
  });
});
