// Writes the first inputs of the fuzzer: messages of real documents, small and of every kind. Run in tests/clients: node ../../fuzz/seeds.mjs
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const load = createRequire(`${process.cwd()}/package.json`);
const Y = load('yjs');
const folder = new URL('corpus/room_messages/', import.meta.url);
mkdirSync(folder, { recursive: true });

const number = (value) => (value < 128 ? [value] : [(value & 127) | 128, ...number(Math.floor(value / 128))]);
const message = (kind, payload) => Uint8Array.from([0, kind, ...number(payload.length), ...payload]);
const keep = (name, bytes) => writeFileSync(new URL(name, folder), bytes);

/** Keeps each update that `steps` make, as a client would send it. */
function session(name, ...steps) {
  const doc = new Y.Doc();
  doc.clientID = 1000 + name.length;
  let count = 0;
  doc.on('update', (update) => keep(`${name}-${count++}`, message(2, update)));
  for (const step of steps) doc.transact(() => step(doc));
  keep(`${name}-whole`, message(1, Y.encodeStateAsUpdate(doc)));
  keep(`${name}-state`, message(0, Y.encodeStateVector(doc)));
  return doc;
}

const body = (doc) => doc.getXmlFragment('default');
const paragraph = (text) => {
  const element = new Y.XmlElement('paragraph');
  element.insert(0, [new Y.XmlText(text)]);
  return element;
};
session(
  'page',
  (doc) => body(doc).insert(0, [paragraph('会议记录'), paragraph('second')]),
  (doc) => body(doc).get(0).setAttribute('textAlign', 'center'),
  (doc) => body(doc).get(0).get(0).format(0, 2, { bold: {}, link: { href: 'https://a.example' } }),
  (doc) => body(doc).get(0).get(0).insertEmbed(1, { image: 'x' }),
  (doc) => body(doc).delete(1, 1),
);
session(
  'map',
  (doc) => doc.getMap('threads').set('a', new Y.Map([['text', '意见'], ['at', 1.5], ['big', 2 ** 40], ['list', [1, null, true]]])),
  (doc) => doc.getMap('threads').get('a').set('text', 'later'),
  (doc) => doc.getMap('threads').get('a').set('bytes', Uint8Array.of(1, 2, 3)),
  (doc) => doc.getMap('threads').delete('a'),
);
session(
  'list',
  (doc) => doc.getArray('list').insert(0, [1, 'two', { three: [3] }, new Y.Array()]),
  (doc) => doc.getArray('list').delete(1, 2),
  (doc) => doc.getText('text').insert(0, 'emoji 👩‍👩‍👧 end'),
  (doc) => doc.getText('text').delete(3, 5),
);
const left = session('left', (doc) => doc.getText('t').insert(0, 'both'));
const right = new Y.Doc();
right.clientID = 7;
Y.applyUpdate(right, Y.encodeStateAsUpdate(left));
right.getText('t').insert(2, 'RIGHT');
left.getText('t').insert(2, 'LEFT');
Y.applyUpdate(left, Y.encodeStateAsUpdate(right));
keep('merged', message(2, Y.encodeStateAsUpdate(left)));
keep('skips', message(2, Y.mergeUpdates([Y.diffUpdate(Y.encodeStateAsUpdate(left), Y.encodeStateVector(right)), Y.encodeStateAsUpdate(right)])));
