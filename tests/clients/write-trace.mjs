// Writes a recorded editing session into a page, edit by edit, as its authors' browsers would: each edit is one Yjs update and one
// entry of the journal. `node write-trace.mjs <trace.json.gz> <ws url of the room> <cookie> [<cookie> …]`; several
// authors take turns. Prints what was written as JSON.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { pathToFileURL } from 'node:url';
import WebSocket from 'ws';
import * as Y from 'yjs';

/** Edits of one author before the next one goes on. */
const TURN = 5_000;
/** Updates on their way at once; the server takes 2,000 messages a second for long. */
const WINDOW = 1_500;

/** The updates of a session: each line of the text is a paragraph. */
export function* updatesOf(file) {
  const trace = JSON.parse(gunzipSync(readFileSync(file)));
  const doc = new Y.Doc({ gc: true });
  const body = doc.getXmlFragment('default');
  let update;
  doc.on('update', (bytes) => (update = bytes));
  const lines = [];
  const paragraph = (text) => {
    const node = new Y.XmlElement('paragraph');
    const words = new Y.XmlText(text);
    node.insert(0, [words]);
    return { node, words, length: text.length };
  };
  const add = (at, line) => {
    body.insert(at, [line.node]);
    lines.splice(at, 0, line);
  };
  const find = (position) => {
    let at = 0;
    while (at < lines.length - 1 && position > lines[at].length) position -= lines[at++].length + 1;
    return [at, position];
  };
  const insert = (position, text) => {
    const [at, offset] = find(position);
    const parts = text.split('\n');
    const line = lines[at];
    const tail = parts.length > 1 ? line.words.toString().slice(offset) : '';
    if (tail) line.words.delete(offset, tail.length);
    if (parts[0]) line.words.insert(offset, parts[0]);
    line.length += parts[0].length - tail.length;
    for (let part = 1; part < parts.length; part += 1) add(at + part, paragraph(parts[part] + (part === parts.length - 1 ? tail : '')));
  };
  const remove = (position, count) => {
    while (count > 0) {
      const [at, offset] = find(position);
      const line = lines[at];
      const here = Math.min(count, line.length - offset);
      if (here > 0) line.words.delete(offset, here);
      line.length -= here;
      count -= here;
      if (count === 0) return;
      // The end of the line goes: the next one is appended.
      const next = lines[at + 1];
      if (next.length > 0) line.words.insert(line.length, next.words.toString());
      line.length += next.length;
      body.delete(at + 1, 1);
      lines.splice(at + 1, 1);
      count -= 1;
    }
  };
  doc.transact(() => trace.startContent.split('\n').forEach((text, at) => add(at, paragraph(text))));
  yield update;
  for (const { patches } of trace.txns) {
    doc.transact(() => {
      for (const [position, deleted, inserted] of patches) {
        if (deleted > 0) remove(position, deleted);
        if (inserted) insert(position, inserted);
      }
    });
    yield update;
  }
  const text = lines.map((line) => line.words.toString()).join('\n');
  if (text !== trace.endContent) throw new Error('the session does not end with its text');
}

/** A sync `update` message of y-protocols. */
function frame(update) {
  const head = [0, 2];
  let length = update.length;
  for (; length > 127; length = Math.floor(length / 128)) head.push((length % 128) | 128);
  head.push(length);
  return Buffer.concat([Buffer.from(head), update]);
}

async function join(url, cookie) {
  const socket = new WebSocket(`${url}?ack=1`, { headers: { cookie: `wenshu_session=${cookie}` } });
  const member = { socket, sent: 0, saved: 0, told: () => {} };
  socket.on('message', (bytes) => {
    if (bytes[0] !== 100) return;
    let saved = 0;
    for (let at = 1, scale = 1; ; at += 1, scale *= 128) {
      saved += (bytes[at] & 127) * scale;
      if (bytes[at] < 128) break;
    }
    member.saved = saved;
    member.told();
  });
  socket.on('close', (code) => (member.closed = code));
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  return member;
}

async function waitFor(member, lag) {
  while (member.sent - member.saved > lag) {
    if (member.closed) throw new Error(`closed with ${member.closed}`);
    await new Promise((resolve) => {
      member.told = resolve;
      setTimeout(resolve, 1_000);
    });
  }
}

async function main([file, url, ...cookies]) {
  const started = performance.now();
  const members = await Promise.all(cookies.map((cookie) => join(url, cookie)));
  let [edits, bytes, second, inSecond] = [0, 0, performance.now(), 0];
  for (const update of updatesOf(file)) {
    const member = members[Math.floor(edits / TURN) % members.length];
    if (edits % TURN === 0) for (const other of members) await waitFor(other, 0);
    member.socket.send(frame(update));
    member.sent += 1;
    edits += 1;
    inSecond += 1;
    bytes += update.length;
    if (member.sent - member.saved > WINDOW) await waitFor(member, WINDOW / 2);
    if (members.length === 1 || inSecond < 1_900 * members.length) continue;
    const rest = 1_000 - (performance.now() - second);
    if (rest > 0) await new Promise((resolve) => setTimeout(resolve, rest));
    [second, inSecond] = [performance.now(), 0];
  }
  for (const member of members) {
    await waitFor(member, 0);
    member.socket.close();
  }
  console.log(JSON.stringify({ edits, bytes, seconds: (performance.now() - started) / 1000 }));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main(process.argv.slice(2));
