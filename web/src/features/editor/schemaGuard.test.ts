import { Editor, Mark, Node } from '@tiptap/core';
import Collaboration from '@tiptap/extension-collaboration';
import StarterKit from '@tiptap/starter-kit';
import { afterEach, expect, test } from 'vitest';
import * as Y from 'yjs';
import { bodyPieces, pageHtml } from './bodyTree';
import { keepUnknownAttributes, knownTypes, markName, unknownInUpdate } from './schemaGuard';

const Diagram = Node.create({ name: 'diagram', group: 'block', content: 'inline*', renderHTML: () => ['div', 0] });
const Secret = Mark.create({ name: 'secret', excludes: '', addAttributes: () => ({ level: { default: 1 } }), renderHTML: () => ['span', 0] });
const Marked = Node.create({ name: 'marked', group: 'block', content: 'inline*', addAttributes: () => ({ tone: { default: null } }), renderHTML: () => ['div', 0] });

// What an editor has put off must not run after the page of the test is gone.
const editors: Editor[] = [];
afterEach(() => editors.splice(0).forEach((one) => one.destroy()));

function editor(doc: Y.Doc, extra: (Node | Mark)[] = []): Editor {
  const made = new Editor({
    element: document.createElement('div'),
    extensions: [StarterKit.configure({ undoRedo: false }), Collaboration.configure({ document: doc }), ...extra],
  });
  editors.push(made);
  return made;
}

function old() {
  const doc = new Y.Doc();
  const view = editor(doc);
  return { doc, view, known: knownTypes(view.schema) };
}

/** What a newer client writes. */
function written(content: object[]): Y.Doc {
  const doc = new Y.Doc();
  editor(doc, [Diagram, Secret, Marked]).commands.setContent({ type: 'doc', content });
  return doc;
}

const paragraph = (text: string, marks?: { type: string; attrs?: object }[]) => ({ type: 'paragraph', content: [{ type: 'text', text, marks }] });

test('what every client knows passes', () => {
  const { known } = old();
  const doc = written([paragraph('plain'), paragraph('bold', [{ type: 'bold' }]), { type: 'heading', attrs: { level: 2 } }]);
  expect(unknownInUpdate(Y.encodeStateAsUpdate(doc), known)).toEqual([]);
  expect(unknownInUpdate(new Uint8Array([0, 0]), known)).toEqual([]);
});

test('nodes, marks and embeds that this client lacks are named', () => {
  const { known } = old();
  const doc = written([{ type: 'diagram', content: [{ type: 'text', text: 'a → b' }] }, paragraph('hidden', [{ type: 'secret', attrs: { level: 3 } }])]);
  expect(unknownInUpdate(Y.encodeStateAsUpdate(doc), known).sort()).toEqual(['diagram', 'secret']);
  const other = new Y.Doc();
  const text = new Y.XmlText();
  other.getXmlFragment('default').insert(0, [text]);
  text.insertEmbed(0, { what: 'ever' });
  expect(unknownInUpdate(Y.encodeStateAsUpdate(other), known)).toEqual(['embed']);
});

test('marks that overlap carry a hash that is not part of their name', () => {
  expect(markName('secret--aBcD12+/')).toBe('secret');
  expect(markName('secret')).toBe('secret');
});

test('without the guard the old client deletes for everybody what it does not know', () => {
  // The reason for all this; when it stops being true, the guard may go.
  const { doc, view } = old();
  const newer = written([paragraph('kept'), { type: 'diagram', content: [{ type: 'text', text: 'lost' }] }]);
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(newer));
  view.commands.insertContentAt(1, 'x');
  Y.applyUpdate(newer, Y.encodeStateAsUpdate(doc));
  expect(newer.getXmlFragment('default').toString()).not.toContain('lost');
});

test('attributes that this client lacks survive its edits, in the same node too', async () => {
  const { doc, view, known } = old();
  const end = keepUnknownAttributes(doc, known);
  const newer = new Y.Doc();
  editor(newer).commands.setContent({ type: 'doc', content: [paragraph('first'), paragraph('second')] });
  const first = newer.getXmlFragment('default').get(0) as Y.XmlElement;
  first.setAttribute('tone', 'formal');
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(newer));
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(view.getText()).toContain('first');

  view.commands.insertContentAt(1, 'my ');
  view.commands.insertContentAt(view.state.doc.content.size - 1, ' too');
  Y.applyUpdate(newer, Y.encodeStateAsUpdate(doc));
  expect(newer.getXmlFragment('default').toString()).toContain('my first');
  expect(first.getAttribute('tone')).toBe('formal');

  // Proof that it is the guard that keeps it.
  end();
  view.commands.insertContentAt(1, 'again ');
  Y.applyUpdate(newer, Y.encodeStateAsUpdate(doc));
  expect(first.getAttribute('tone')).toBeUndefined();
});

test('a page is shown with everything in it, and nothing is changed by that', () => {
  const doc = written([
    { type: 'heading', attrs: { level: 1 }, content: [{ type: 'text', text: '标题' }] },
    { type: 'diagram', content: [{ type: 'text', text: 'a <b>' }] },
    paragraph('hidden', [{ type: 'secret' }, { type: 'bold' }]),
    paragraph('bad', [{ type: 'link', attrs: { href: 'javascript:alert(1)' } }]),
  ]);
  const before = Y.encodeStateAsUpdate(doc);
  const pieces = bodyPieces(doc.getXmlFragment('default'));
  expect(pieces[1]).toMatchObject({ unknown: 'diagram', children: ['a <b>'] });
  const html = pageHtml('名称 <1>', doc.getXmlFragment('default'));
  expect(html).toContain('<title>名称 &lt;1&gt;</title>');
  expect(html).toContain('<h1>标题</h1>\n<div>a &lt;b&gt;</div>\n<p><strong>hidden</strong></p>');
  expect(html).not.toContain('javascript:');
  expect(Y.encodeStateAsUpdate(doc)).toEqual(before);
});
