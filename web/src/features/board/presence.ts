// Where are my colleagues on the board? Pointers and selections travel as awareness, never as part of the document.
import type { AppState, Collaborator, SocketId } from '@excalidraw/excalidraw/types';
import type { Awareness } from 'y-protocols/awareness';
import type { Presence } from '../editor/extensions';

/** Selected elements that are told to others: with more, the frame around each says nothing any more. */
const SELECTED_MAX = 100;
/** A pointer is told so often. */
const POINTER_MS = 50;

interface Pointer {
  x: number;
  y: number;
  tool: 'pointer' | 'laser';
}

interface State {
  user?: Presence;
  pointer?: Pointer;
  button?: 'up' | 'down';
  selected?: string[];
}

/** Tells the others where I am. */
export class MyPresence {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private next: { pointer: Pointer; button: 'up' | 'down' } | undefined;
  private selected = '';

  constructor(
    private readonly awareness: Awareness,
    user: Presence,
  ) {
    awareness.setLocalStateField('user', user);
  }

  point(pointer: Pointer, button: 'up' | 'down'): void {
    this.next = { pointer: { x: Math.round(pointer.x), y: Math.round(pointer.y), tool: pointer.tool }, button };
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      if (!this.next) return;
      this.awareness.setLocalStateField('pointer', this.next.pointer);
      this.awareness.setLocalStateField('button', this.next.button);
    }, POINTER_MS);
  }

  select(ids: AppState['selectedElementIds']): void {
    const selected = Object.keys(ids).slice(0, SELECTED_MAX);
    const key = selected.join();
    if (key === this.selected) return;
    this.selected = key;
    this.awareness.setLocalStateField('selected', selected);
  }

  destroy(): void {
    clearTimeout(this.timer);
  }
}

/** The others, as the drawing area shows them. */
export function collaborators(awareness: Awareness): Map<SocketId, Collaborator> {
  const others = new Map<SocketId, Collaborator>();
  for (const [client, raw] of awareness.getStates()) {
    const state = raw as State;
    if (client === awareness.clientID || !state.user) continue;
    others.set(String(client) as SocketId, {
      id: state.user.id,
      username: state.user.name,
      color: { background: state.user.color, stroke: state.user.color },
      pointer: isPointer(state.pointer) ? state.pointer : undefined,
      button: state.button === 'down' ? 'down' : 'up',
      selectedElementIds: Object.fromEntries(
        (Array.isArray(state.selected) ? state.selected.slice(0, SELECTED_MAX) : []).map((id) => [String(id), true as const]),
      ),
    });
  }
  return others;
}

function isPointer(pointer: Pointer | undefined): boolean {
  return pointer !== undefined && Number.isFinite(pointer.x) && Number.isFinite(pointer.y);
}
