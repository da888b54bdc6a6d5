// What stands between people and the server in an office? A proxy that lets WebSockets through or not, gathers answers or passes
// them on, and can be made to lose what it carries.
import { createServer, request as ask, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';

/** `refuse`: answers 403 · `strip`: takes the upgrade out of the request · `swallow`: never answers · `pass`. */
export type Upgrades = 'refuse' | 'strip' | 'swallow' | 'pass';

type Change = (path: string, body: Buffer) => Buffer;

export class Proxy {
  readonly url: string;
  upgrades: Upgrades = 'pass';
  /** Answers are passed on only when they are complete. */
  gathers = false;
  /** So many answers to sent messages are lost: they reached the server, and the client does not hear of it. */
  losesAnswers = 0;
  lost = 0;
  /** Requests that came, by method and path without query. */
  readonly seen: string[] = [];
  change: Change | null = null;
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: HttpServer,
    private readonly target: URL,
  ) {
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('request', (from, to) => this.pass(from, to));
    server.on('upgrade', (from: IncomingMessage, socket: Socket, head: Buffer) => this.upgrade(from, socket, head));
    server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
      socket.on('error', () => {});
    });
  }

  static async before(target: string): Promise<Proxy> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Proxy(server, new URL(target));
  }

  async stop(): Promise<void> {
    this.sockets.forEach((socket) => socket.destroy());
    await new Promise((resolve) => this.server.close(resolve));
  }

  private headers(from: IncomingMessage): NodeJS.Dict<string | string[]> {
    // The client's own host stays: the server compares it with the origin.
    const { connection: _connection, upgrade: _upgrade, ...kept } = from.headers;
    // What is to be changed has to be readable, and there.
    if (this.change) for (const name of ['accept-encoding', 'if-none-match']) delete kept[name];
    return kept;
  }

  private pass(from: IncomingMessage, to: ServerResponse): void {
    const path = from.url ?? '/';
    this.seen.push(`${from.method} ${path.split('?')[0]}`);
    const { hostname: host, port } = this.target;
    const upstream = ask({ host, port, method: from.method, path, headers: this.headers(from) });
    upstream.on('error', () => (to.headersSent ? to.destroy() : to.writeHead(502).end('bad gateway')));
    to.on('close', () => upstream.destroy());
    upstream.on('response', (answer) => {
      answer.on('error', () => to.destroy());
      if (this.losesAnswers > 0 && path.includes('/messages?')) {
        this.losesAnswers -= 1;
        this.lost += 1;
        answer.resume().on('end', () => to.destroy());
        return;
      }
      if (!this.gathers && !this.change) {
        to.writeHead(answer.statusCode!, answer.headers);
        to.flushHeaders();
        answer.pipe(to);
        return;
      }
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => {
        const body = Buffer.concat(chunks);
        const { 'content-length': _length, 'content-encoding': coded, etag: _tag, ...headers } = answer.headers;
        const changed = this.change && !coded ? this.change(path, body) : body;
        to.writeHead(answer.statusCode!, { ...headers, ...(coded && { 'content-encoding': coded }), 'content-length': changed.length });
        to.end(changed);
      });
    });
    from.pipe(upstream);
  }

  private upgrade(from: IncomingMessage, socket: Socket, head: Buffer): void {
    this.seen.push(`UPGRADE ${(from.url ?? '/').split('?')[0]}`);
    if (this.upgrades === 'swallow') return;
    if (this.upgrades === 'refuse') {
      socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
      return;
    }
    const strips = this.upgrades === 'strip';
    const upstream = connect(Number(this.target.port), this.target.hostname, () => {
      const lines = [`${from.method} ${from.url} HTTP/1.1`];
      for (let at = 0; at < from.rawHeaders.length; at += 2) {
        const name = from.rawHeaders[at]!;
        if (strips && /^(upgrade|connection|sec-websocket-.*)$/i.test(name)) continue;
        lines.push(`${name}: ${from.rawHeaders[at + 1]}`);
      }
      if (strips) lines.push('Connection: close');
      upstream.write(`${lines.join('\r\n')}\r\n\r\n`);
      upstream.write(head);
      upstream.pipe(socket).pipe(upstream);
    });
    upstream.on('error', () => socket.destroy());
    upstream.on('close', () => socket.destroy());
    socket.on('error', () => upstream.destroy());
    socket.on('close', () => upstream.destroy());
  }
}
