// How does what was restored get into the page? As an edit of the live room: it is saved like any other, is in the history itself,
// and colleagues see it at once.
import * as Y from 'yjs';
import { ApiError } from '../../api/client';
import { Room } from '../editor/room';

const ORIGIN = 'history';
const PATIENCE_MS = 30_000;

/** What was restored, until it is left alone. */
export interface Restored {
  undo: () => Promise<void>;
  close: () => void;
}

/** Changes the live text in one step; resolves when it is saved. */
export async function changePage(documentId: string, change: (body: Y.XmlFragment) => void): Promise<Restored> {
  const room = new Room(documentId);
  try {
    await until(room, () => room.read().loaded && room.read().state === 'saved');
    const body = room.doc.getXmlFragment('default');
    const undoing = new Y.UndoManager(body, { trackedOrigins: new Set([ORIGIN]) });
    room.doc.transact(() => change(body), ORIGIN);
    await until(room, () => room.read().state === 'saved');
    return {
      undo: async () => {
        undoing.undo();
        await until(room, () => room.read().state === 'saved');
      },
      close: () => room.destroy(),
    };
  } catch (error) {
    room.destroy();
    throw error;
  }
}

/** Waits for a state of the room; rejects when the server refuses, or does not answer. */
function until(room: Room, is: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (error?: ApiError) => {
      clearTimeout(timer);
      stop();
      if (error) reject(error);
      else resolve();
    };
    const look = () => {
      const { refusal, state } = room.read();
      if (refusal) done(new ApiError(refusal.code, refusal.message, 0));
      else if (state === 'closed') done(new ApiError('room_closed', 'the room was closed', 0));
      else if (is()) done();
    };
    const stop = room.subscribe(look);
    const timer = setTimeout(() => done(new ApiError('network', 'The server cannot be reached', 0)), PATIENCE_MS);
    look();
  });
}
