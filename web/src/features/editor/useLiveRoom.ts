import type { Editor } from '@tiptap/react';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { useCurrentUser } from '../session/api';
import { Room } from './room';
import { knownTypes } from './schemaGuard';

export interface LiveRoom {
  room: Room;
  /** The page has parts that this client does not know: it is only read. */
  newer: string[] | null;
}

const NOTHING = () => () => {};

/**
 * Joins the room of a page for as long as it is shown. When something comes that the editor would delete, another room without
 * an editor takes the place of the first; what was written goes over with it.
 */
export function useLiveRoom(documentId: string): LiveRoom | null {
  const user = useCurrentUser().id;
  const [live, setLive] = useState<LiveRoom | null>(null);
  const unknown = useSyncExternalStore(live?.room.subscribe ?? NOTHING, () => live?.room.read().unknown ?? null);

  useEffect(() => {
    const room = new Room(documentId, { keepFor: user, waits: true });
    // eslint-disable-next-line react-hooks/set-state-in-effect -- a room is a connection: the effect opens and ends it
    setLive({ room, newer: null });
    return () => {
      room.destroy();
      setLive(null);
    };
  }, [documentId, user]);

  useEffect(() => {
    if (!live || live.newer || !unknown) return;
    const seed = live.room.handOver();
    const room = new Room(documentId, { keepFor: user, seed });
    live.room.destroy();
    // eslint-disable-next-line react-hooks/set-state-in-effect -- as above
    setLive({ room, newer: unknown });
  }, [live, unknown, documentId, user]);

  // The second room, which the first effect does not know.
  useEffect(() => {
    if (!live?.newer) return;
    return () => live.room.destroy();
  }, [live]);
  return live;
}

/** Lets the room begin as soon as it is known what the editor can show. */
export function useEditorSchema(room: Room, editor: Editor | null): void {
  useEffect(() => {
    if (editor) room.start(knownTypes(editor.schema));
  }, [room, editor]);
}
