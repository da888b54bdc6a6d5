// kill -9 while three people type as fast as they can: what was acknowledged, or what another client had seen, is there
// after a restart. Cycles: TEST_KILLS, 5 by default.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import * as Y from 'yjs'
import { Server, synced, until } from './server.mjs'

const server = new Server()
before(() => server.start())
after(() => server.remove())

const words = doc => new Set(doc.getArray('log').toArray())

const close = provider => {
  provider.destroy()
  provider.doc.destroy()
}

// Somebody who types a word per turn of the event loop and remembers how many.
async function writer (room, name) {
  const doc = new Y.Doc()
  const it = { name, doc, typed: 0, running: true }
  it.provider = server.connect(room, doc, { acks: true, typed: () => it.typed })
  await synced(it.provider)
  it.typing = (async () => {
    while (it.running) {
      // Counted first: the update is sent inside push.
      it.typed++
      doc.getArray('log').push([`${name}-${it.typed}`])
      await sleep(0)
    }
  })()
  return it
}

async function cycle (number) {
  const room = await server.page()
  const observer = server.connect(room)
  await synced(observer)
  const writers = await Promise.all(['a', 'b', 'c'].map(name => writer(room, name)))
  await until(() => writers.every(it => it.provider.durable() > 0), 'everybody was told that something is saved')
  await sleep(Math.random() * 1000)
  await server.stop('SIGKILL')
  // What is in the sockets was sent after it was durable: it counts as seen.
  await sleep(100)
  for (const it of writers) it.running = false
  await Promise.all(writers.map(it => it.typing))
  const seen = words(observer.doc)
  for (const it of writers) {
    for (const word of words(it.doc)) if (!word.startsWith(`${it.name}-`)) seen.add(word)
    for (let n = 1; n <= it.provider.durable(); n++) seen.add(`${it.name}-${n}`)
    close(it.provider)
  }
  close(observer)

  await server.start()
  const fresh = server.connect(room)
  await synced(fresh)
  const there = words(fresh.doc)
  close(fresh)
  const missing = [...seen].filter(word => !there.has(word))
  const typed = writers.reduce((sum, it) => sum + it.typed, 0)
  const saved = writers.reduce((sum, it) => sum + it.provider.durable(), 0)
  console.log(`cycle ${number}: typed ${typed}, acknowledged ${saved}, seen or acknowledged ${seen.size}, there ${there.size}, missing ${missing.length}`)
  assert(saved > 0 && seen.size > 0, 'something was acknowledged and seen')
  assert.deepEqual(missing, [], 'nothing that was acknowledged or seen is missing')
}

test('kill -9 loses nothing that was acknowledged or seen', { timeout: 600000 }, async () => {
  const cycles = Number(process.env.TEST_KILLS ?? 5)
  for (let number = 1; number <= cycles; number++) await cycle(number)
})
