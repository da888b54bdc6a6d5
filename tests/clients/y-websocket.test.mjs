// Plain y-websocket against the real program.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import * as Y from 'yjs'
import { Server, synced, until } from './server.mjs'

const server = new Server()
before(() => server.start())
after(() => server.remove())

const add = (doc, text) => {
  const paragraph = new Y.XmlElement('paragraph')
  paragraph.insert(0, [new Y.XmlText(text)])
  doc.getXmlFragment('default').push([paragraph])
}
const body = provider => provider.doc.getXmlFragment('default').toString()
const close = (...providers) => providers.forEach(provider => { provider.destroy(); provider.doc.destroy() })

test('two providers converge', async () => {
  const room = await server.page()
  const [one, two] = [server.connect(room), server.connect(room)]
  await Promise.all([synced(one), synced(two)])
  for (let i = 0; i < 20; i++) {
    add(one.doc, `one ${i}`)
    add(two.doc, `二 ${i}`)
    await sleep(5)
  }
  await until(() => body(one) === body(two) && body(one).includes('二 19') && body(one).includes('one 19'), 'both are equal')
  close(one, two)
})

test('a client that was offline merges on return', async () => {
  const room = await server.page()
  const [one, two] = [server.connect(room), server.connect(room)]
  await Promise.all([synced(one), synced(two)])
  add(one.doc, 'before')
  await until(() => body(two).includes('before'), 'the first text arrived')
  two.disconnect()
  add(one.doc, 'online')
  add(two.doc, 'offline')
  two.doc.getXmlFragment('default').delete(0, 1)
  await sleep(200)
  two.connect()
  await until(() => body(one) === body(two) && body(one).includes('offline'), 'both are equal')
  assert(body(one).includes('online') && !body(one).includes('before'))
  close(one, two)
})

test('a late joiner is synchronised only when it has everything', async () => {
  const room = await server.page()
  const one = server.connect(room)
  await synced(one)
  for (let i = 0; i < 50; i++) {
    add(one.doc, `line ${i}`)
    await sleep(1)
  }
  await sleep(500)
  const two = server.connect(room)
  await synced(two)
  assert.equal(body(two), body(one))
  close(one, two)
})

test('awareness shows the other and forgets who left', async () => {
  const room = await server.page()
  const [one, two] = [server.connect(room), server.connect(room)]
  await Promise.all([synced(one), synced(two)])
  two.awareness.setLocalStateField('user', { name: 'admin', color: '#36c' })
  await until(() => one.awareness.getStates().get(two.doc.clientID)?.user?.name === 'admin', 'the name arrived')
  const id = two.doc.clientID
  close(two)
  await until(() => !one.awareness.getStates().has(id), 'the other is gone')
  close(one)
})

test('a quiet connection stays open beyond the 30 seconds after which y-websocket gives up', { skip: !process.env.TEST_SLOW }, async () => {
  const one = server.connect(await server.page())
  let closed = 0
  one.on('connection-close', () => closed++)
  one.awareness.setLocalState(null)
  await synced(one)
  await sleep(45000)
  assert.equal(closed, 0)
  close(one)
})

test('a server that restarts in order is rejoined and nothing is lost', async () => {
  const room = await server.page()
  const one = server.connect(room)
  await synced(one)
  add(one.doc, 'kept')
  await sleep(300)
  await server.stop()
  add(one.doc, 'typed while it was away')
  await server.start()
  const two = server.connect(room)
  await until(() => body(two).includes('typed while it was away') && body(two).includes('kept'), 'everything is there')
  close(one, two)
})
