// A real server on a folder of its own, which may be killed and started again, and clients for it.
// TEST_SERVER names the program; target/debug/wenshu by default.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import WebSocket from 'ws'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'

const PASSWORD = 'correct horse battery'
const root = resolve(import.meta.dirname, '../..')
const program = process.env.TEST_SERVER ?? join(process.env.CARGO_TARGET_DIR ?? join(root, 'target'), 'debug/wenshu')

export class Server {
  constructor () {
    this.data = mkdtempSync(join(tmpdir(), 'wenshu-clients-'))
    this.listen = '127.0.0.1:0'
  }

  async start () {
    const env = { ...process.env, WENSHU_ADMIN_PASSWORD: PASSWORD, WENSHU_LOG: 'warn' }
    this.child = spawn(program, ['serve', '--data', this.data, '--listen', this.listen], { env, stdio: ['ignore', 'pipe', 'inherit'] })
    const address = await new Promise((resolve, reject) => {
      let said = ''
      this.child.stdout.on('data', bytes => {
        said += bytes
        const match = said.match(/http:\/\/([0-9.]+:\d+)/)
        if (match) resolve(match[1])
      })
      this.child.on('exit', code => reject(new Error(`the server ended with ${code}`)))
    })
    this.listen = address
    // The address is told before requests are answered.
    for (let tries = 0; tries < 200; tries++) {
      try {
        if ((await fetch(`http://${address}/api/v1/session`)).status === 401) return
      } catch { /* not yet */ }
      await sleep(50)
    }
    throw new Error('the server does not answer')
  }

  async stop (signal = 'SIGTERM') {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    const ended = new Promise(resolve => this.child.once('exit', resolve))
    this.child.kill(signal)
    await ended
  }

  async remove () {
    await this.stop('SIGKILL')
    rmSync(this.data, { recursive: true, force: true })
  }

  async call (method, path, body) {
    const headers = { 'content-type': 'application/json', ...(this.cookie && { cookie: this.cookie }) }
    const answer = await fetch(`http://${this.listen}/api/v1${path}`, { method, headers, body: JSON.stringify(body) })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
    const cookie = answer.headers.get('set-cookie')
    if (cookie) this.cookie = cookie.split(';')[0]
    return text && JSON.parse(text)
  }

  // Signs in, makes a token for the WebSocket and a page; returns the page's id.
  async page () {
    if (!this.token) {
      await this.call('POST', '/session', { name: 'admin', password: PASSWORD })
      this.token = (await this.call('POST', '/tokens', { name: 'clients' })).token
      this.folder = (await this.call('POST', '/folders', { name: 'library' })).id
    }
    const name = `page ${Math.random().toString(36).slice(2)}`
    return (await this.call('POST', '/documents', { kind: 'page', folder_id: this.folder, name })).id
  }

  // A provider as any Yjs editor has one. `acks` also asks which of its updates are durable.
  connect (room, doc = new Y.Doc(), { acks = false, typed = () => 0 } = {}) {
    const state = { marks: [], durable: 0 }
    class Counting extends WebSocket {
      constructor (...args) {
        super(...args)
        state.marks = []
      }

      send (bytes, ...rest) {
        // Sync step 2 and updates are what the server counts.
        if (bytes[0] === 0 && bytes[1] !== 0) state.marks.push(typed())
        super.send(bytes, ...rest)
      }
    }
    const params = { token: this.token, ...(acks && { ack: '1' }) }
    const provider = new WebsocketProvider(`ws://${this.listen}/api/v1/rooms`, room, doc, {
      WebSocketPolyfill: Counting, params, disableBc: true, maxBackoffTime: 500
    })
    provider.messageHandlers[100] = (_encoder, decoder) => {
      const saved = readVarUint(decoder)
      state.durable = Math.max(state.durable, state.marks[saved - 1] ?? 0)
    }
    provider.messageHandlers[101] = () => {}
    provider.durable = () => state.durable
    provider.savedAll = () => state.durable >= typed()
    return provider
  }
}

function readVarUint (decoder) {
  let value = 0
  for (let factor = 1; ; factor *= 128) {
    const byte = decoder.arr[decoder.pos++]
    value += (byte & 127) * factor
    if (byte < 128) return value
  }
}

export async function until (is, what, patience = 20000) {
  for (const end = Date.now() + patience; Date.now() < end;) {
    if (is()) return
    await sleep(10)
  }
  throw new Error(`waited in vain until ${what}`)
}

export const synced = provider => until(() => provider.synced, 'the provider is synchronised')
