// How does a story speak to a room without a browser? A plain y-websocket client: any version of any program.
import type { Page } from '@playwright/test';
import { createRequire } from 'node:module';
import path from 'node:path';
import { ask, expect } from './story.ts';
import { ROOT } from './paths.ts';

// The clients' tests have the packages; nothing of them is needed for types.
const load = createRequire(path.join(ROOT, 'tests/clients/package.json'));
const Y = load('yjs');
const { WebsocketProvider } = load('y-websocket');
const socket = load('ws');

export interface Program {
  /** The body as XML. */
  xml(): string;
  /** Adds a node at the end of the body. */
  append(name: string, text: string): void;
  /** Removes the nodes with this name. */
  remove(name: string): void;
  /** Sets an attribute of the first node that has this text. */
  setAttribute(text: string, name: string, value: string): void;
  close(): void;
}

/** Joins a page in the name of whoever is signed in on `page`. */
export async function joinAsProgram(page: Page, url: string, room: string): Promise<Program> {
  const { token } = await ask<{ token: string }>(page, '/tokens', { method: 'POST', data: { name: `program ${Date.now()}` } });
  const doc = new Y.Doc();
  const provider = new WebsocketProvider(`${url.replace('http', 'ws')}/api/v1/rooms`, room, doc, {
    WebSocketPolyfill: socket,
    params: { token },
    disableBc: true,
  });
  await expect.poll(() => provider.synced as boolean, { timeout: 30_000 }).toBe(true);
  const body = doc.getXmlFragment('default');
  return {
    xml: () => body.toString(),
    append: (name, text) => {
      const node = new Y.XmlElement(name);
      node.insert(0, [new Y.XmlText(text)]);
      body.push([node]);
    },
    remove: (name) => {
      for (let at = body.length - 1; at >= 0; at -= 1) if (body.get(at).nodeName === name) body.delete(at, 1);
    },
    setAttribute: (text, name, value) => body.toArray().find((node: { toString(): string }) => node.toString().includes(text)).setAttribute(name, value),
    close: () => {
      provider.destroy();
      doc.destroy();
    },
  };
}
