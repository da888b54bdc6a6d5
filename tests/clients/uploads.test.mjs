// The real tus-js-client against the real server: pieces, a restart and a kill in the middle, several at once, cancelling.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { after, before, test } from 'node:test'
import { Upload } from 'tus-js-client'
import { Server } from './server.mjs'

const server = new Server()
const folder = mkdtempSync(join(tmpdir(), 'wenshu-uploads-'))
const MIB = 1 << 20

before(async () => {
  await server.start()
  await server.page()
})
after(async () => {
  await server.remove()
  rmSync(folder, { recursive: true, force: true })
})

// Bytes that do not compress, the same for the same seed.
function noise (seed, length) {
  const blocks = []
  for (let number = 0; number * 64 < length; number++) {
    blocks.push(createHash('sha512').update(`${seed} ${number}`).digest())
  }
  return Buffer.concat(blocks).subarray(0, length)
}

const sha256 = bytes => createHash('sha256').update(bytes).digest('hex')

// Uploads `source`; `steer` gets the upload after every progress. Resolves with the answer's headers.
function upload (source, name, options = {}, steer = () => {}) {
  return new Promise((resolve, reject) => {
    const headers = {}
    const it = new Upload(source, {
      endpoint: `http://${server.listen}/api/v1/uploads`,
      headers: { authorization: `Bearer ${server.token}` },
      metadata: { filename: name, folder_id: server.folder },
      retryDelays: [100, 200, 500, 1000, 2000, 2000, 2000, 2000],
      onAfterResponse: (request, response) => {
        headers.document = response.getHeader('wenshu-document-id') ?? headers.document
        headers.version = response.getHeader('wenshu-version') ?? headers.version
      },
      onChunkComplete: (size, accepted, total) => steer(it, accepted, total),
      onSuccess: () => resolve({ ...headers, url: it.url }),
      onError: reject,
      ...options
    })
    it.start()
  })
}

async function download (document) {
  const headers = { authorization: `Bearer ${server.token}` }
  const answer = await fetch(`http://${server.listen}/api/v1/documents/${document}/content`, { headers })
  assert.equal(answer.status, 200)
  return Buffer.from(await answer.arrayBuffer())
}

test('a buffer in pieces', async () => {
  const content = noise('buffer', 5 * MIB + 17)
  const { document, version } = await upload(content, 'buffer.bin', { chunkSize: MIB })
  assert.equal(version, '1')
  assert.equal(sha256(await download(document)), sha256(content))
})

test('a stream, also one whose length nobody knows', async () => {
  const content = noise('stream', 3 * MIB + 5)
  const path = join(folder, 'stream.bin')
  writeFileSync(path, content)
  const known = await upload(createReadStream(path), 'known.bin', { chunkSize: MIB, uploadSize: content.length })
  assert.equal(sha256(await download(known.document)), sha256(content))
  // Of a file the client knows the length by itself; a pipe it can read once only.
  const pipe = createReadStream(path).pipe(new PassThrough())
  const unknown = await upload(pipe, 'unknown.bin', { chunkSize: MIB, uploadLengthDeferred: true })
  assert.equal(sha256(await download(unknown.document)), sha256(content))
})

test('an empty file', async () => {
  const { document } = await upload(Buffer.alloc(0), 'empty.bin')
  assert.equal((await download(document)).length, 0)
})

test('the server is stopped in order, and killed, in the middle: the upload goes on by itself', { timeout: 120000 }, async () => {
  for (const signal of ['SIGTERM', 'SIGKILL']) {
    const content = noise(signal, 8 * MIB)
    let restarted
    const { document } = await upload(content, `${signal}.bin`, { chunkSize: MIB }, (it, accepted) => {
      if (accepted < 3 * MIB || restarted) return
      restarted = server.stop(signal).then(() => server.start())
    })
    await restarted
    assert.equal(sha256(await download(document)), sha256(content), signal)
  }
})

test('an upload that was paused goes on from where it was, by its address', async () => {
  const content = noise('paused', 4 * MIB)
  const address = await new Promise((resolve, reject) => {
    upload(content, 'paused.bin', { chunkSize: MIB }, (it, accepted) => {
      if (accepted === 2 * MIB) it.abort().then(() => resolve(it.url), reject)
    }).then(() => reject(new Error('it was to be paused')), reject)
  })
  await server.stop()
  await server.start()
  const sent = []
  const { document } = await upload(content, 'paused.bin', { chunkSize: MIB, uploadUrl: address }, (it, accepted) => sent.push(accepted))
  assert(sent[0] >= 3 * MIB, `it went on at ${sent[0] - MIB}`)
  assert.equal(sha256(await download(document)), sha256(content))
})

test('eight at once', async () => {
  const contents = Array.from({ length: 8 }, (_, number) => noise(`parallel ${number}`, 2 * MIB + number))
  const done = await Promise.all(contents.map((content, number) => upload(content, `parallel ${number}.bin`, { chunkSize: MIB / 2 })))
  for (const [number, { document }] of done.entries()) {
    assert.equal(sha256(await download(document)), sha256(contents[number]))
  }
})

test('cancelling removes what was sent', async () => {
  const content = noise('cancelled', 4 * MIB)
  const address = await new Promise((resolve, reject) => {
    upload(content, 'cancelled.bin', { chunkSize: MIB }, (it, accepted) => {
      if (accepted === MIB) it.abort(true).then(() => resolve(it.url), reject)
    }).then(() => reject(new Error('it was to be cancelled')), reject)
  })
  const headers = { authorization: `Bearer ${server.token}`, 'tus-resumable': '1.0.0' }
  const answer = await fetch(address, { method: 'HEAD', headers })
  assert.equal(answer.status, 404)
  // Its name is free.
  await upload(content, 'cancelled.bin')
})

test('a name that is taken is told with its document, and becomes a version when asked for', async () => {
  const { document } = await upload(Buffer.from('one'), 'twice.txt')
  const error = await upload(Buffer.from('two'), 'twice.txt', { retryDelays: null }).catch(error => error)
  assert.equal(error.originalResponse.getStatus(), 409)
  const told = JSON.parse(error.originalResponse.getBody()).error
  assert.deepEqual([told.code, told.document_id], ['name_taken', document])
  const metadata = { filename: 'twice.txt', document_id: document }
  const second = await upload(Buffer.from('two'), 'twice.txt', { metadata })
  assert.deepEqual([second.document, second.version], [document, '2'])
  assert.equal((await download(document)).toString(), 'two')
})
