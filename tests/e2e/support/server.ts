// How does a story get its own Wenshu? The real program on a temporary folder and a free port, which can be killed and come back.
import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { BUILD, PROGRAM } from './paths.ts';

export const ADMIN = { name: 'admin', password: 'first-hour-in-wenshu' };

const START_MS = 120_000;
const STOP_MS = 60_000;

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/** One installation. Its port and data stay the same over `kill` and `start`. */
export class Server {
  readonly url: string;
  private child: ChildProcess | undefined;

  private constructor(
    private readonly name: string,
    private readonly port: number,
    /** Its data folder. */
    readonly data: string,
  ) {
    this.url = `http://127.0.0.1:${port}`;
  }

  static async create(name: string): Promise<Server> {
    const data = mkdtempSync(path.join(os.tmpdir(), 'wenshu-e2e-'));
    const server = new Server(name, await freePort(), data);
    await server.start();
    return server;
  }

  /** Starts it and waits until it is ready. */
  async start(): Promise<void> {
    mkdirSync(path.join(BUILD, 'e2e-logs'), { recursive: true });
    const log = createWriteStream(path.join(BUILD, 'e2e-logs', `${this.name}.log`), { flags: 'a' });
    // Settings of the surroundings are none of the test's.
    const kept = Object.entries(process.env).filter(([key]) => !key.startsWith('WENSHU_') || key === 'WENSHU_PDFIUM');
    const child = spawn(PROGRAM, ['serve', '--data', this.data, '--listen', `127.0.0.1:${this.port}`], {
      env: { WENSHU_PDFIUM: path.join(BUILD, 'libpdfium.so'), ...Object.fromEntries(kept), WENSHU_ADMIN_PASSWORD: ADMIN.password },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.pipe(log);
    child.stderr.pipe(log);
    this.child = child;
    const end = Date.now() + START_MS;
    for (;;) {
      if (child.exitCode !== null) throw new Error(`wenshu ended with ${child.exitCode}: see build/e2e-logs/${this.name}.log`);
      if (await this.isReady()) return;
      if (Date.now() > end) throw new Error('wenshu does not get ready');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Ends it at once, as a power cut would (`SIGKILL`), or in order (`SIGTERM`). */
  async kill(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill(signal);
    const force = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await ended;
    clearTimeout(force);
  }

  /** Ends it and removes what it stored. */
  async remove(): Promise<void> {
    await this.kill('SIGTERM');
    rmSync(this.data, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }

  private async isReady(): Promise<boolean> {
    try {
      return (await fetch(`${this.url}/readyz`)).ok;
    } catch {
      return false;
    }
  }
}
