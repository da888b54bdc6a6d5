// What joins the text, the notes beside it and the panel? One hook for the page that shows them.
import type { Extension } from '@tiptap/core';
import { useEditorState, type Editor } from '@tiptap/react';
import { useCallback, useEffect, useState, useSyncExternalStore } from 'react';
import type { DocumentView } from '../../api/types';
import { Room, type RoomSnapshot } from '../editor/room';
import { makeAnchor, quoteOf, syncOf, type Anchor, type Range } from './anchors';
import { changeRanges, CommentRanges, readRanges } from './commentRanges';
import { Threads, type Thread } from './threads';
import './ranges.css';

/** The notes of a document: their room, and what is in it. */
export interface Notes {
  room: Room;
  threads: Threads;
}

/** Lets the editor's extension, which is made once, reach what the page knows now. */
class Link {
  onPick: (thread: string | null) => void = () => {};
  onMoved: (thread: string, anchor: Anchor) => void = () => {};

  connect(onPick: Link['onPick'], onMoved: Link['onMoved']): void {
    this.onPick = onPick;
    this.onMoved = onMoved;
  }
}

/** Joins the notes while they are shown; `null` for those who may not see them. */
function useNotes(document: DocumentView): Notes | null {
  const [notes, setNotes] = useState<Notes | null>(null);
  const mayRead = document.role !== 'previewer';
  useEffect(() => {
    if (!mayRead) return;
    const room = new Room(`${document.id}.notes`);
    const threads = new Threads(room.doc);
    // eslint-disable-next-line react-hooks/set-state-in-effect -- a room is a connection: the effect opens and ends it
    setNotes({ room, threads });
    return () => {
      threads.destroy();
      room.destroy();
    };
  }, [document.id, mayRead]);
  return notes;
}

/** The editor's part: put `extension` into the editor. */
export function useCommentRanges(): { extension: Extension; link: Link } {
  const [parts] = useState(() => {
    const link = new Link();
    const extension = CommentRanges.configure({
      onPick: (thread) => link.onPick(thread),
      onMoved: (thread, anchor) => link.onMoved(thread, anchor),
    });
    return { extension, link };
  });
  return parts;
}

export interface Comments {
  notes: Notes;
  threads: Thread[];
  snapshot: RoomSnapshot;
  /** Whether the caller may write. */
  mayWrite: boolean;
  active: string | null;
  draft: Range | null;
  places: ReadonlyMap<string, Range>;
  /** Looks at a thread, and shows its text. */
  go: (thread: string | null) => void;
  /** Begins a comment on what is selected. False when nothing is. */
  begin: () => boolean;
  endDraft: () => void;
  /** Writes the comment that was begun. */
  create: (author: string, text: string, mentions: string[], assignee: string | null) => void;
}

const NO_THREADS: Thread[] = [];
const NO_PLACES: ReadonlyMap<string, Range> = new Map();
const nothing = () => () => {};
const CLOSED: RoomSnapshot = {
  state: 'connecting',
  dirty: false,
  refusal: null,
  loaded: false,
  keeping: 'none',
  transport: 'websocket',
  unknown: null,
};

interface Options {
  document: DocumentView;
  editor: Editor | null;
  link: Link;
  /** The text is there. */
  loaded: boolean;
  /** Shows the panel. */
  onShow: () => void;
}

/** The comments of a page; `null` for those who may not see them. */
export function useComments({ document, editor, link, loaded, onShow }: Options): Comments | null {
  const notes = useNotes(document);
  const threads = useSyncExternalStore(notes?.threads.subscribe ?? nothing, notes?.threads.read ?? (() => NO_THREADS));
  const snapshot = useSyncExternalStore(notes?.room.subscribe ?? nothing, notes?.room.read ?? (() => CLOSED));
  const mayWrite = document.abilities.includes('comment') && snapshot.loaded && snapshot.state !== 'closed';
  const ranges = useEditorState({
    editor,
    selector: ({ editor }) => {
      const now = editor && readRanges(editor.state);
      return now ? { active: now.active, draft: now.draft, places: now.places } : null;
    },
  });

  useEffect(() => {
    if (editor && !editor.isDestroyed && loaded) editor.view.dispatch(changeRanges(editor.state.tr, { threads }));
  }, [editor, loaded, threads]);

  useEffect(() => {
    const pick = (thread: string | null) => {
      editor?.view.dispatch(changeRanges(editor.state.tr, { active: thread }));
      if (thread) onShow();
    };
    link.connect(pick, (thread, anchor) => mayWrite && notes?.threads.anchor(thread, anchor));
  }, [editor, link, mayWrite, notes, onShow]);

  const go = useCallback(
    (thread: string | null) => {
      if (!editor) return;
      editor.view.dispatch(changeRanges(editor.state.tr, { active: thread }));
      if (thread) editor.view.dom.querySelector(`[data-thread="${CSS.escape(thread)}"]`)?.scrollIntoView({ block: 'center', behavior: 'smooth' });
    },
    [editor],
  );

  const begin = useCallback(() => {
    if (!editor || !mayWrite || editor.state.selection.empty) return false;
    const { from, to } = editor.state.selection;
    editor.view.dispatch(changeRanges(editor.state.tr, { draft: { from, to }, active: null }));
    onShow();
    return true;
  }, [editor, mayWrite, onShow]);

  if (!notes) return null;
  const draft = ranges?.draft ?? null;
  return {
    notes,
    threads,
    snapshot,
    mayWrite,
    active: ranges?.active ?? null,
    draft,
    places: ranges?.places ?? NO_PLACES,
    go,
    begin,
    endDraft: () => editor?.view.dispatch(changeRanges(editor.state.tr, { draft: null })),
    create: (author, text, mentions, assignee) => {
      const anchor = editor && draft && makeAnchor(syncOf(editor.state), draft);
      if (!anchor) return;
      const id = notes.threads.create({ anchor, quote: quoteOf(editor.state.doc, draft), author, text, mentions, assignee });
      editor.view.dispatch(changeRanges(editor.state.tr, { draft: null, active: id }));
    },
  };
}
