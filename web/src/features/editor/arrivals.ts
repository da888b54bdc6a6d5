// Through which door does what others wrote come into a page? One, so that an editor can ask to be told before, or to wait.
//
// From the server it comes as messages, from other tabs of this browser through the copy on the device. What waits keeps its
// raw form: the arrival is only late, as it is on a slow network, and merges by the rules of the document.
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import type { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';

const MESSAGE_SYNC = 0;
const SYNC_STEP_2 = 1;
const SYNC_UPDATE = 2;

/** More than this is not kept waiting: somebody left in the middle of a word. */
const HELD_MAX_BYTES = 4 << 20;

/** What arrives for a document. */
export class Arrivals {
  private holding = false;
  /** Messages without their type, as the handler behind this one reads them. */
  private messages: Uint8Array[] = [];
  /** What came from other tabs. */
  private others: (() => void)[] = [];
  private heldBytes = 0;
  private readonly listeners = new Set<() => void>();
  private readonly read: WebsocketProvider['messageHandlers'][number];

  /** Stands in front of the handler that `provider` has now. */
  constructor(private readonly provider: WebsocketProvider) {
    this.read = provider.messageHandlers[MESSAGE_SYNC]!;
    provider.messageHandlers[MESSAGE_SYNC] = (encoder, decoder, from, emitSynced, messageType) => {
      if (!carriesUpdate(decoder)) return this.read(encoder, decoder, from, emitSynced, messageType);
      if (!this.holding) {
        this.announce();
        return this.read(encoder, decoder, from, emitSynced, messageType);
      }
      // The message's buffer belongs to the socket.
      const message = decoder.arr.slice(decoder.pos);
      this.messages.push(message);
      this.count(message.length);
    };
  }

  /** Lets in what came another way; `bytes` is how large it is. */
  take(bytes: number, apply: () => void): void {
    if (this.holding) {
      this.others.push(apply);
      this.count(bytes);
      return;
    }
    this.announce();
    apply();
  }

  /** Tells `listener` each time before something is let in, while the document is as it was. Returns how to end it. */
  before(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  hold(): void {
    this.holding = true;
  }

  /** Lets everything in; what the server sent as one change. */
  release(): void {
    this.holding = false;
    const { messages, others, provider } = this;
    if (messages.length === 0 && others.length === 0) return;
    this.messages = [];
    this.others = [];
    this.heldBytes = 0;
    this.announce();
    Y.transact(
      provider.doc,
      () => messages.forEach((message) => this.read(encoding.createEncoder(), decoding.createDecoder(message), provider, true, MESSAGE_SYNC)),
      provider,
      false,
    );
    others.forEach((apply) => apply());
  }

  private announce(): void {
    this.listeners.forEach((listener) => listener());
  }

  private count(bytes: number): void {
    this.heldBytes += bytes;
    if (this.heldBytes > HELD_MAX_BYTES) this.release();
  }
}

/** Whether the message brings something; a question is answered at once. */
function carriesUpdate(decoder: decoding.Decoder): boolean {
  const kind = decoding.peekVarUint(decoder);
  return kind === SYNC_STEP_2 || kind === SYNC_UPDATE;
}
