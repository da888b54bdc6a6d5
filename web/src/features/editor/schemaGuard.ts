// Does this client know everything in a page? The binding between Yjs and the editor deletes what it cannot show, for everybody.
// So every update is looked through before the bound document gets it, and a page with something unknown is only read.
import type { Schema } from '@tiptap/pm/model';
import { ySyncPluginKey } from '@tiptap/y-tiptap';
import * as Y from 'yjs';

/** The names that this client can show. */
export interface KnownTypes {
  nodes: ReadonlySet<string>;
  marks: ReadonlySet<string>;
  /** The attributes of each node type. */
  attributes: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Reads the names out of an editor's schema. */
export function knownTypes(schema: Schema): KnownTypes {
  return {
    nodes: new Set(Object.keys(schema.nodes)),
    marks: new Set(Object.keys(schema.marks)),
    attributes: new Map(Object.entries(schema.nodes).map(([name, type]) => [name, new Set(Object.keys(type.spec.attrs ?? {}))])),
  };
}

// Marks of which several may lie on the same text carry a hash behind their name.
const HASHED_MARK = /^(.*)--[a-zA-Z0-9+/=]{8}$/;

export function markName(key: string): string {
  return HASHED_MARK.exec(key)?.[1] ?? key;
}

/** `ychange` marks what a comparison shows; it is never part of a page. */
function isKnownMark(key: string, known: KnownTypes): boolean {
  return known.marks.has(markName(key)) || key === 'ychange';
}

function nameIn(content: Y.Item['content'], known: KnownTypes): string | null {
  if (content instanceof Y.ContentType) {
    if (content.type instanceof Y.XmlElement && !known.nodes.has(content.type.nodeName)) return content.type.nodeName;
    if (content.type instanceof Y.XmlHook) return content.type.hookName || 'hook';
  } else if (content instanceof Y.ContentFormat) {
    if (!isKnownMark(content.key, known)) return content.key;
  } else if (content instanceof Y.ContentEmbed) {
    return 'embed';
  }
  return null;
}

/** The names in an update that this client does not know, of things that may be deleted again by what follows. */
export function unknownInUpdate(update: Uint8Array, known: KnownTypes): string[] {
  const found = new Set<string>();
  for (const struct of Y.decodeUpdate(update).structs) {
    if (!(struct instanceof Y.Item)) continue;
    const name = nameIn(struct.content, known);
    if (name !== null) found.add(markName(name));
  }
  return [...found];
}

/** The names in a page, as it is now, that this client does not know. What was deleted does not count. */
export function unknownInBody(body: Y.XmlFragment, known: KnownTypes, found = new Set<string>()): string[] {
  for (const child of body.toArray()) {
    if (child instanceof Y.XmlElement) {
      if (!known.nodes.has(child.nodeName)) found.add(child.nodeName);
      unknownInBody(child, known, found);
    } else if (child instanceof Y.XmlText) {
      for (const { insert, attributes } of child.toDelta() as { insert: unknown; attributes?: object }[]) {
        if (typeof insert !== 'string') found.add('embed');
        for (const key of Object.keys(attributes ?? {})) if (!isKnownMark(key, known)) found.add(markName(key));
      }
    } else {
      found.add('hook');
    }
  }
  return [...found];
}

/**
 * Keeps attributes that this client does not know on the nodes that it edits: the binding writes a node's attributes as
 * the editor has them, and removes the others. Returns what ends it.
 */
export function keepUnknownAttributes(doc: Y.Doc, known: KnownTypes): () => void {
  const body = doc.getXmlFragment('default');
  const handle = (events: Y.YEvent<Y.XmlFragment>[], transaction: Y.Transaction) => {
    if (transaction.origin !== ySyncPluginKey) return;
    const lost: { element: Y.XmlElement; name: string; value: unknown }[] = [];
    for (const event of events) {
      const element = event.target;
      if (!(element instanceof Y.XmlElement)) continue;
      const mine = known.attributes.get(element.nodeName);
      event.changes.keys.forEach(({ action, oldValue }, name) => {
        if (action === 'delete' && !mine?.has(name)) lost.push({ element, name, value: oldValue });
      });
    }
    if (lost.length === 0) return;
    // Not the binding's doing, and not to be undone.
    doc.transact(() => lost.forEach(({ element, name, value }) => element.setAttribute(name, value as string)), 'keep-attributes');
  };
  body.observeDeep(handle as never);
  return () => body.unobserveDeep(handle as never);
}
