// Real editors on real Yjs documents: what is suggested in one is seen and settled in the other.
import { Editor } from '@tiptap/core';
import Collaboration from '@tiptap/extension-collaboration';
import Image from '@tiptap/extension-image';
import { TableKit } from '@tiptap/extension-table';
import StarterKit from '@tiptap/starter-kit';
import { afterEach, expect, test } from 'vitest';
import * as Y from 'yjs';
import { listSuggestions } from './list';
import { stampOf } from './stamp';
import { SuggestChanges, suggestionSchema } from './SuggestChanges';

const ADA = { id: 'ada', name: 'Ada' };
const BOB = { id: 'bob', name: 'Bob' };

// jsdom has none.
globalThis.ClipboardEvent ??= class extends Event {} as unknown as typeof ClipboardEvent;

const open: (() => void)[] = [];
afterEach(() => open.splice(0).forEach((close) => close()));

function editorOn(doc: Y.Doc, author = ADA): Editor {
  const element = document.createElement('div');
  document.body.append(element);
  const editor = new Editor({
    element,
    extensions: [
      StarterKit.configure({ undoRedo: false, trailingNode: false }),
      Image,
      TableKit,
      ...suggestionSchema(() => 'red'),
      SuggestChanges.configure({ author }),
      Collaboration.configure({ document: doc }),
    ],
  });
  open.push(() => {
    editor.destroy();
    element.remove();
  });
  return editor;
}

/** Two people on one page. */
function two(html: string): [Editor, Editor] {
  const [one, other] = [new Y.Doc(), new Y.Doc()];
  one.on('update', (update: Uint8Array, origin) => origin !== 'other' && Y.applyUpdate(other, update, 'one'));
  other.on('update', (update: Uint8Array, origin) => origin !== 'one' && Y.applyUpdate(one, update, 'other'));
  const [ada, bob] = [editorOn(one, ADA), editorOn(other, BOB)];
  ada.commands.setContent(html);
  return [ada, bob];
}

/** The document in a few letters: `+` inserted, `-` deleted; ⏎ a border between blocks. */
function show(editor: Editor): string {
  let out = '';
  editor.state.doc.descendants((node, pos) => {
    const marks = `${stampOf(node, 'insertion') ? '+' : ''}${stampOf(node, 'deletion') ? '-' : ''}`;
    if (node.isText) out += marks ? `[${marks}${node.text}]` : node.text;
    else if (node.isTextblock) out += `${pos === 0 ? '' : '⏎'}${marks ? `[${marks}]` : ''}`;
    else if (node.isLeaf) out += `<${node.type.name}${marks}>`;
    else if (marks) out += `<${node.type.name}${marks}>`;
    return true;
  });
  return out;
}

function both([ada, bob]: [Editor, Editor]): string {
  expect(show(bob)).toBe(show(ada));
  expect(bob.getJSON()).toEqual(ada.getJSON());
  return show(ada);
}

const type = (editor: Editor, text: string) => editor.view.dispatch(editor.state.tr.insertText(text));
const backspace = (editor: Editor) => {
  const { from } = editor.state.selection;
  editor.view.dispatch(editor.state.tr.delete(from - 1, from));
};

test('typing is marked as inserted, in one piece, and seen by the colleague', () => {
  const pair = two('<p>预算表</p>');
  const [ada] = pair;
  ada.commands.setSuggesting(true);
  ada.commands.setTextSelection(3);
  for (const letter of 'abc') type(ada, letter);
  expect(both(pair)).toBe('预算[+abc]表');
  const [one, ...more] = listSuggestions(ada.state.doc);
  expect(more).toEqual([]);
  expect(one).toMatchObject({ author: 'ada', name: 'Ada', inserted: 'abc', deleted: '' });
  expect(ada.state.selection.from).toBe(6);
});

test('deleting marks, letter by letter, and what was only suggested goes for real', () => {
  const pair = two('<p>预算表</p>');
  const [ada] = pair;
  ada.commands.setSuggesting(true);
  ada.commands.setTextSelection(4);
  type(ada, 'xy');
  backspace(ada);
  expect(both(pair)).toBe('预算表[+x]');
  backspace(ada);
  backspace(ada);
  backspace(ada);
  expect(both(pair)).toBe('预[-算表]');
  expect(ada.state.selection.from).toBe(2);
  expect(listSuggestions(ada.state.doc)).toHaveLength(1);
});

test('replacing keeps the old beside the new, as one suggestion', () => {
  const pair = two('<p>三月完成</p>');
  const [ada, bob] = pair;
  ada.commands.setSuggesting(true);
  ada.commands.setTextSelection({ from: 1, to: 3 });
  type(ada, '四');
  type(ada, '月');
  expect(both(pair)).toBe('[-三月][+四月]完成');
  const [one, ...more] = listSuggestions(bob.state.doc);
  expect(more).toEqual([]);
  expect(one).toMatchObject({ deleted: '三月', inserted: '四月' });
  bob.commands.settleSuggestions('accept', [one!.id]);
  expect(both(pair)).toBe('四月完成');
});

test('rejecting brings back what was, accepting makes it so', () => {
  for (const [verdict, expected] of [['reject', 'one two three'], ['accept', 'one  threefour']] as const) {
    const pair = two('<p>one two three</p>');
    const [ada, bob] = pair;
    ada.commands.setSuggesting(true);
    ada.commands.setTextSelection({ from: 5, to: 8 });
    ada.commands.deleteSelection();
    ada.commands.setTextSelection(ada.state.doc.content.size - 1);
    type(ada, 'four');
    expect(both(pair)).toBe('one [-two] three[+four]');
    bob.commands.settleSuggestions(verdict, null);
    expect(both(pair)).toBe(expected);
  }
});

test('a split paragraph is suggested at its border', () => {
  for (const [verdict, expected] of [['accept', 'before⏎after'], ['reject', 'beforeafter']] as const) {
    const pair = two('<p>beforeafter</p>');
    const [ada, bob] = pair;
    ada.commands.setSuggesting(true);
    ada.commands.setTextSelection(7);
    ada.commands.splitBlock();
    expect(both(pair)).toBe('before⏎[+]after');
    expect(ada.state.selection.$from.parent.textContent).toBe('after');
    bob.commands.settleSuggestions(verdict, null);
    expect(both(pair)).toBe(expected);
  }
});

test('a new paragraph with text goes as a whole when it is rejected', () => {
  const pair = two('<p>one</p><p>two</p>');
  const [ada, bob] = pair;
  ada.commands.setSuggesting(true);
  ada.commands.setTextSelection(4);
  ada.commands.splitBlock();
  type(ada, 'new');
  expect(both(pair)).toBe('one⏎[+][+new]⏎two');
  expect(listSuggestions(ada.state.doc)).toHaveLength(1);
  bob.commands.settleSuggestions('reject', null);
  expect(both(pair)).toBe('one⏎two');
});

test('paragraphs deleted across their border are joined on accepting and whole on rejecting', () => {
  for (const [verdict, expected] of [['accept', 'onour'], ['reject', 'one⏎two three⏎four']] as const) {
    const pair = two('<p>one</p><p>two three</p><p>four</p>');
    const [ada, bob] = pair;
    ada.commands.setSuggesting(true);
    ada.commands.setTextSelection({ from: 3, to: 18 });
    ada.commands.deleteSelection();
    expect(both(pair)).toBe('on[-e]⏎[-][-two three]⏎[-][-f]our');
    bob.commands.settleSuggestions(verdict, null);
    expect(both(pair)).toBe(expected);
  }
});

test('backspace at the beginning of a paragraph suggests joining it', () => {
  const pair = two('<p>one</p><p>two</p>');
  const [ada, bob] = pair;
  ada.commands.setSuggesting(true);
  ada.commands.setTextSelection(6);
  ada.commands.joinBackward();
  expect(both(pair)).toBe('one⏎[-]two');
  expect(ada.state.selection.from).toBe(4);
  bob.commands.settleSuggestions('accept', null);
  expect(both(pair)).toBe('onetwo');
});

test('an own border that was only suggested is joined for real', () => {
  const pair = two('<p>onetwo</p>');
  const [ada] = pair;
  ada.commands.setSuggesting(true);
  ada.commands.setTextSelection(4);
  ada.commands.splitBlock();
  ada.commands.joinBackward();
  expect(both(pair)).toBe('onetwo');
});

test('a list item is split and joined like a paragraph', () => {
  const pair = two('<ul><li><p>onetwo</p></li></ul>');
  const [ada, bob] = pair;
  ada.commands.setSuggesting(true);
  ada.commands.setTextSelection(6);
  ada.commands.splitListItem('listItem');
  expect(both(pair)).toBe('⏎one⏎[+]two');
  expect(ada.state.doc.firstChild?.childCount).toBe(2);
  bob.commands.settleSuggestions('reject', null);
  expect(both(pair)).toBe('⏎onetwo');
  expect(bob.state.doc.firstChild?.childCount).toBe(1);
});

test('making a list applies directly and loses nothing', () => {
  const pair = two('<p>one</p>');
  const [ada] = pair;
  ada.commands.setSuggesting(true);
  ada.commands.setTextSelection(2);
  ada.commands.toggleBulletList();
  expect(both(pair)).toBe('⏎one');
  expect(ada.state.doc.firstChild?.type.name).toBe('bulletList');
});

test('images and rules are suggested as a whole', () => {
  for (const [verdict, expected] of [['accept', 'one⏎two<image>'], ['reject', 'one<horizontalRule>⏎two']] as const) {
    const pair = two('<p>one</p><hr><p>two</p>');
    const [ada, bob] = pair;
    ada.commands.setSuggesting(true);
    ada.view.dispatch(ada.state.tr.delete(5, 6));
    ada.view.dispatch(ada.state.tr.insert(ada.state.doc.content.size, ada.schema.nodes.image!.create({ src: '/x.png' })));
    expect(both(pair)).toContain('one<horizontalRule->⏎two<image+>');
    bob.commands.settleSuggestions(verdict, null);
    expect(both(pair)).toContain(expected);
  }
});

test('a deleted table stays until that is accepted', () => {
  const pair = two('<p>one</p><table><tr><td><p>cell</p></td></tr></table><p>two</p>');
  const [ada, bob] = pair;
  ada.commands.setSuggesting(true);
  const size = ada.state.doc.child(1).nodeSize;
  ada.view.dispatch(ada.state.tr.delete(5, 5 + size));
  expect(both(pair)).toBe('one<table->⏎cell⏎two');
  bob.commands.settleSuggestions('accept', null);
  expect(both(pair)).toBe('one⏎two');
});

test('a suggestion of somebody else can be suggested away', () => {
  const pair = two('<p>one</p>');
  const [ada, bob] = pair;
  ada.commands.setSuggesting(true);
  ada.commands.setTextSelection(4);
  type(ada, ' more');
  bob.commands.setSuggesting(true);
  bob.commands.setTextSelection({ from: 4, to: 9 });
  bob.commands.deleteSelection();
  expect(both(pair)).toBe('one[+- more]');
  const bobs = listSuggestions(ada.state.doc).filter((one) => one.author === 'bob');
  ada.commands.settleSuggestions('reject', bobs.map((one) => one.id));
  expect(both(pair)).toBe('one[+ more]');
});

test('one of several is settled alone', () => {
  const pair = two('<p>one two three</p>');
  const [ada, bob] = pair;
  ada.commands.setSuggesting(true);
  ada.commands.setTextSelection({ from: 1, to: 4 });
  ada.commands.deleteSelection();
  ada.commands.setTextSelection({ from: 9, to: 14 });
  ada.commands.deleteSelection();
  const [first] = listSuggestions(bob.state.doc);
  bob.commands.settleSuggestions('accept', [first!.id]);
  expect(both(pair)).toBe(' two [-three]');
});

test('both suggest in one sentence at once', () => {
  const pair = two('<p>one two three</p>');
  const [ada, bob] = pair;
  ada.commands.setSuggesting(true);
  bob.commands.setSuggesting(true);
  ada.commands.setTextSelection({ from: 5, to: 8 });
  ada.commands.deleteSelection();
  bob.commands.setTextSelection(14);
  type(bob, '!');
  expect(both(pair)).toBe('one [-two] three[+!]');
  expect(listSuggestions(ada.state.doc).map((one) => one.author)).toEqual(['ada', 'bob']);
});

test('undo takes back what was suggested, and what was decided', () => {
  const pair = two('<p>one</p>');
  const [ada] = pair;
  ada.commands.setSuggesting(true);
  ada.commands.setTextSelection({ from: 1, to: 4 });
  ada.commands.deleteSelection();
  ada.commands.settleSuggestions('accept', null);
  expect(both(pair)).toBe('');
  ada.commands.undo();
  expect(both(pair)).toBe('[-one]');
  ada.commands.undo();
  expect(show(ada)).not.toContain('[-');
});

test('pasted paragraphs are suggested with their borders, without foreign suggestions', () => {
  const pair = two('<p>onetwo</p>');
  const [ada, bob] = pair;
  ada.commands.setSuggesting(true);
  ada.commands.setTextSelection(4);
  ada.view.pasteHTML('<p>A</p><p>B <ins data-suggestion="insertion" data-id="x" data-author="bob" data-name="Bob" data-at="1">C</ins></p>');
  expect(both(pair)).toBe('one[+A]⏎[+][+B C]two');
  expect(listSuggestions(bob.state.doc).map((one) => one.author)).toEqual(['ada']);
  bob.commands.settleSuggestions('reject', null);
  expect(both(pair)).toBe('onetwo');
});

test('without suggesting, new text in a deleted run is ordinary text', () => {
  const pair = two('<p>one two</p>');
  const [ada, bob] = pair;
  ada.commands.setSuggesting(true);
  ada.commands.setTextSelection({ from: 1, to: 8 });
  ada.commands.deleteSelection();
  bob.commands.setTextSelection(4);
  type(bob, 'X');
  expect(both(pair)).toBe('[-one]X[- two]');
});

test('without suggesting, half of a suggested paragraph has an ordinary border', () => {
  const pair = two('<p>one</p>');
  const [ada, bob] = pair;
  ada.commands.setSuggesting(true);
  ada.commands.setTextSelection(4);
  ada.commands.splitBlock();
  type(ada, 'two');
  bob.commands.setTextSelection(8);
  bob.commands.splitBlock();
  expect(both(pair)).toBe('one⏎[+][+tw]⏎[+o]');
});

test('what is shown as final or original cannot be typed into', () => {
  const [ada] = two('<p>one</p>');
  expect(ada.view.editable).toBe(true);
  ada.commands.setSuggestionView('final');
  expect(ada.view.editable).toBe(false);
  ada.commands.setSuggestionView('all');
  expect(ada.view.editable).toBe(true);
});

test('a stranger cannot make an attribute into a suggestion that breaks reading', () => {
  const doc = new Y.Doc();
  const paragraph = new Y.XmlElement('paragraph');
  paragraph.setAttribute('insertion', '{"no":"stamp"}');
  paragraph.setAttribute('deletion', { odd: true } as never);
  doc.getXmlFragment('default').push([paragraph]);
  const editor = editorOn(doc);
  expect(listSuggestions(editor.state.doc)).toEqual([]);
});
