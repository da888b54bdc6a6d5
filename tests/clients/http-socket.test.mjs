// The real y-websocket provider over HTTP: the web client's socket in the place of a WebSocket, against the real program.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { Server, synced, until } from './server.mjs'

const web = resolve(import.meta.dirname, '../../web')
const server = new Server()
// Where the packages of these tests are found.
const folder = mkdtempSync(join(import.meta.dirname, 'node_modules/.http-socket-'))
let HttpSocket

before(async () => {
  const typescript = createRequire(join(web, 'package.json'))('typescript')
  for (const name of ['eventStream', 'httpSocket']) {
    const source = readFileSync(join(web, `src/features/editor/${name}.ts`), 'utf8')
    const options = { module: typescript.ModuleKind.ESNext, target: typescript.ScriptTarget.ES2022 }
    const { outputText } = typescript.transpileModule(source, { compilerOptions: options })
    writeFileSync(join(folder, `${name}.mjs`), outputText.replace("'./eventStream'", "'./eventStream.mjs'"))
  }
  HttpSocket = (await import(join(folder, 'httpSocket.mjs'))).HttpSocket
  await server.start()
})
after(async () => {
  rmSync(folder, { recursive: true, force: true })
  await server.remove()
})

const add = (doc, text) => {
  const paragraph = new Y.XmlElement('paragraph')
  paragraph.insert(0, [new Y.XmlText(text)])
  doc.getXmlFragment('default').push([paragraph])
}
const body = provider => provider.doc.getXmlFragment('default').toString()
const close = (...providers) => providers.forEach(provider => { provider.destroy(); provider.doc.destroy() })

// A provider that counts what it sent and what the server called saved on its present connection.
function connect (room, { address = server.listen, doc = new Y.Doc() } = {}) {
  const counts = { sent: 0, saved: 0, connections: 0 }
  class Counting extends HttpSocket {
    constructor (url) {
      super(url)
      counts.sent = counts.saved = 0
      counts.connections++
    }

    send (bytes) {
      super.send(bytes)
      if (bytes[0] === 0 && bytes[1] !== 0) counts.sent++
    }
  }
  const provider = new WebsocketProvider(`ws://${address}/api/v1/rooms`, room, doc, {
    WebSocketPolyfill: Counting, params: { token: server.token, ack: '1' }, disableBc: true, maxBackoffTime: 500
  })
  provider.messageHandlers[100] = (_encoder, decoder) => {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = decoder.arr[decoder.pos++]
      value += (byte & 127) * factor
      if (byte < 128) break
    }
    counts.saved = value
  }
  provider.messageHandlers[101] = () => {}
  provider.counts = counts
  provider.isSaved = () => counts.sent > 0 && counts.saved === counts.sent
  return provider
}

// Between client and server: drops answers or whole connections, or holds answers back.
async function between () {
  const it = { dropAnswers: 0, dropped: 0, gathers: false }
  const [hostname, port] = server.listen.split(':')
  const proxy = createServer((from, to) => {
    const upstream = request({ hostname, port, method: from.method, path: from.url, headers: from.headers }, answer => {
      if (it.dropAnswers > 0 && from.method === 'POST') {
        it.dropAnswers--
        it.dropped++
        answer.resume().on('end', () => to.destroy())
        return
      }
      answer.on('error', () => to.destroy())
      if (!it.gathers) {
        to.writeHead(answer.statusCode, answer.headers)
        answer.pipe(to)
        return
      }
      const chunks = []
      answer.on('data', chunk => chunks.push(chunk))
      answer.on('end', () => { to.writeHead(answer.statusCode, answer.headers); to.end(Buffer.concat(chunks)) })
    })
    upstream.on('error', () => to.destroy())
    to.on('close', () => upstream.destroy())
    from.pipe(upstream)
  })
  await new Promise(resolve => proxy.listen(0, '127.0.0.1', resolve))
  it.address = `127.0.0.1:${proxy.address().port}`
  it.cut = () => proxy.closeAllConnections()
  it.stop = () => { proxy.closeAllConnections(); proxy.close() }
  return it
}

test('a provider over HTTP and one over a WebSocket converge, and both learn what is saved', async () => {
  const room = await server.page()
  const [one, two] = [connect(room), server.connect(room)]
  await Promise.all([synced(one), synced(two)])
  for (let i = 0; i < 30; i++) {
    add(one.doc, `one ${i}`)
    add(two.doc, `二 ${i}`)
    await sleep(3)
  }
  await until(() => body(one) === body(two) && body(one).includes('二 29') && body(one).includes('one 29'), 'both are equal')
  await until(() => one.isSaved(), 'all of it is saved')
  assert.equal(one.counts.sent, 31, 'sync step 2 and thirty edits')
  two.awareness.setLocalStateField('user', { name: 'admin', color: '#36c' })
  await until(() => one.awareness.getStates().get(two.doc.clientID)?.user?.name === 'admin', 'the name arrived')
  close(two)
  await until(() => one.awareness.getStates().size === 1, 'the other is gone')
  close(one)
})

test('lost answers and cut connections lose nothing and double nothing', async () => {
  const room = await server.page()
  const proxy = await between()
  const [one, two] = [connect(room, { address: proxy.address }), server.connect(room)]
  await Promise.all([synced(one), synced(two)])
  for (let i = 0; i < 60; i++) {
    if (i % 10 === 3) proxy.dropAnswers = 1
    if (i % 20 === 15) proxy.cut()
    add(one.doc, `line ${i}.`)
    await sleep(25)
  }
  await until(() => one.synced && one.isSaved(), 'all of it is saved', 30000)
  await until(() => body(one) === body(two), 'both are equal')
  assert(proxy.dropped >= 4 && one.counts.connections >= 2)
  for (let i = 0; i < 60; i++) assert.equal(body(two).split(`line ${i}.`).length, 2, `line ${i} is there once`)
  close(one, two)
  proxy.stop()
})

test('behind a proxy that holds streams back it polls', async () => {
  const room = await server.page()
  const proxy = await between()
  proxy.gathers = true
  const [one, two] = [connect(room, { address: proxy.address }), server.connect(room)]
  await Promise.all([synced(one), synced(two)])
  add(one.doc, 'asked')
  await until(() => body(two).includes('asked') && one.isSaved(), 'it is saved')
  add(two.doc, 'told')
  await until(() => body(one).includes('told'), 'it arrived')
  assert.equal(one.counts.connections, 1)
  close(one, two)
  proxy.stop()
})

test('a killed server is rejoined, and what was called saved is there', async () => {
  const room = await server.page()
  const one = connect(room)
  await synced(one)
  add(one.doc, 'kept')
  await until(() => one.isSaved(), 'it is saved')
  await server.stop('SIGKILL')
  add(one.doc, 'typed while it was away')
  await server.start()
  const two = server.connect(room)
  await until(() => body(two).includes('kept') && body(two).includes('typed while it was away'), 'everything is there', 30000)
  close(one, two)
})

test('a refusal ends it as a WebSocket would', async () => {
  await server.page()
  const provider = connect('00000000-0000-7000-8000-000000000000')
  const closed = new Promise(resolve => provider.on('connection-close', resolve))
  assert.equal((await closed).code, 4404)
  close(provider)
})
