// People who write together, for tests: each has a document of their own, and a journal keeps what they do as the server would.
import * as Y from 'yjs';
import type { Entry } from './stream';

export const NOON = 1_767_700_800_000;

export class Journal {
  readonly entries: Entry[] = [];
  now = NOON;
  private docs: { doc: Y.Doc; name: string }[] = [];

  /** Somebody who is up to date now, and stays so unless `offline`. */
  join(name: string): Y.Doc {
    const doc = new Y.Doc();
    doc.getXmlFragment('default');
    for (const { update } of this.entries) Y.applyUpdate(doc, update, 'journal');
    const here = { doc, name };
    this.docs.push(here);
    doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== 'journal' && !this.offline.has(doc)) this.append(here, update);
    });
    return doc;
  }

  private offline = new Set<Y.Doc>();

  /** Lets people write without hearing of each other, one after the other. */
  apart(work: Map<Y.Doc, (body: Y.XmlFragment) => void>): void {
    const before = new Map([...work.keys()].map((doc) => [doc, Y.encodeStateVector(doc)]));
    for (const [doc, write] of work) {
      this.offline.add(doc);
      doc.transact(() => write(doc.getXmlFragment('default')));
      this.offline.delete(doc);
    }
    // All of them send before any of them hears.
    const sent = [...work.keys()].map((doc) => [doc, Y.encodeStateAsUpdate(doc, before.get(doc))] as const);
    for (const [doc, update] of sent) this.append(this.docs.find((one) => one.doc === doc)!, update);
  }

  private append(from: { doc: Y.Doc; name: string }, update: Uint8Array): void {
    this.entries.push({ seq: this.entries.length + 1, at: this.now, author: { id: `id-${from.name}`, name: from.name }, update });
    for (const { doc } of this.docs) if (doc !== from.doc) Y.applyUpdate(doc, update, 'journal');
  }
}

export function paragraph(words: string, attributes: Record<string, string> = {}): Y.XmlElement {
  return block('paragraph', [new Y.XmlText(words)], attributes);
}

export function block(name: string, children: (Y.XmlElement | Y.XmlText)[], attributes: Record<string, string> = {}): Y.XmlElement {
  const made = new Y.XmlElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.insert(0, children);
  return made;
}

export function textIn(body: Y.XmlFragment, index: number): Y.XmlText {
  return (body.get(index) as Y.XmlElement).get(0) as Y.XmlText;
}
