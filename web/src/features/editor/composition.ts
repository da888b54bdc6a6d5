// Why does a colleague's edit not break the word that is being written with an input method?
//
// While a composition is open, the browser owns the text around it: redrawing that paragraph would end the composition. So
// what arrives from the room waits in its raw form until the word is there. Only the arrival is late, as it is on a slow
// network: what is written here goes out at once, is acknowledged as always, and merges by the rules of the document.
import { Extension } from '@tiptap/core';
import { Plugin, PluginKey } from '@tiptap/pm/state';
import type { EditorView } from '@tiptap/pm/view';
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import type { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';

const MESSAGE_SYNC = 0;
const SYNC_STEP_2 = 1;
const SYNC_UPDATE = 2;

/** More than this is not kept waiting: somebody left in the middle of a word. */
const HELD_MAX_BYTES = 4 << 20;

/** ProseMirror takes over the finished word a moment after the browser says that it is finished. */
const SETTLE_MS = 60;

/** Keeps back what arrives for a document while it is told to. */
export class RemoteHold {
  private holding = false;
  /** Messages without their type, as the handler behind this one reads them. */
  private held: Uint8Array[] = [];
  private heldBytes = 0;
  private readonly read: WebsocketProvider['messageHandlers'][number];

  constructor(private readonly provider: WebsocketProvider) {
    // Whoever looked at what arrives before still does, only later.
    this.read = provider.messageHandlers[MESSAGE_SYNC]!;
    provider.messageHandlers[MESSAGE_SYNC] = (encoder, decoder, from, emitSynced, messageType) => {
      if (!this.holding || !carriesUpdate(decoder)) return this.read(encoder, decoder, from, emitSynced, messageType);
      // The message's buffer belongs to the socket.
      const message = decoder.arr.slice(decoder.pos);
      this.held.push(message);
      this.heldBytes += message.length;
      if (this.heldBytes > HELD_MAX_BYTES) this.release();
    };
  }

  hold(): void {
    this.holding = true;
  }

  /** Lets everything in, as one change. */
  release(): void {
    this.holding = false;
    const { held, provider } = this;
    if (held.length === 0) return;
    this.held = [];
    this.heldBytes = 0;
    Y.transact(
      provider.doc,
      () => held.forEach((message) => this.read(encoding.createEncoder(), decoding.createDecoder(message), provider, true, MESSAGE_SYNC)),
      provider,
      false,
    );
  }
}

/** Whether the message brings something; a question is answered at once. */
function carriesUpdate(decoder: decoding.Decoder): boolean {
  const kind = decoding.peekVarUint(decoder);
  return kind === SYNC_STEP_2 || kind === SYNC_UPDATE;
}

const holds = new WeakMap<WebsocketProvider, RemoteHold>();

function holdOf(provider: WebsocketProvider): RemoteHold {
  let hold = holds.get(provider);
  if (!hold) holds.set(provider, (hold = new RemoteHold(provider)));
  return hold;
}

/** Guards the compositions of an editor on this provider. */
export const CompositionGuard = Extension.create<{ provider: WebsocketProvider | null }>({
  name: 'compositionGuard',

  addOptions() {
    return { provider: null };
  },

  addProseMirrorPlugins() {
    const { provider } = this.options;
    if (!provider) return [];
    const hold = holdOf(provider);
    let settling: ReturnType<typeof setTimeout> | undefined;
    const settle = (view: EditorView) => {
      clearTimeout(settling);
      settling = setTimeout(() => {
        if (!view.isDestroyed && view.composing) settle(view);
        else hold.release();
      }, SETTLE_MS);
    };
    return [
      new Plugin({
        key: new PluginKey('compositionGuard'),
        props: {
          handleDOMEvents: {
            compositionstart: () => {
              clearTimeout(settling);
              hold.hold();
              return false;
            },
            compositionend: (view) => {
              settle(view);
              return false;
            },
            // A composition that is left by a click elsewhere ends without a word from some input methods.
            blur: (view) => {
              settle(view);
              return false;
            },
          },
        },
        view: () => ({
          destroy: () => {
            clearTimeout(settling);
            hold.release();
          },
        }),
      }),
    ];
  },
});
