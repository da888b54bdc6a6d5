// How does a test get a server? It starts the built program on a free port with an empty folder, and may stop and start it.
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

export const ADMIN_PASSWORD = 'first-hour-2026';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** The corpus lies beside the repository; worktrees lie beside it too. */
export const CORPUS = path.resolve(ROOT, '../shared/corpus');

export class Server {
  private process: ChildProcess | undefined;
  private readonly data = mkdtempSync(path.join(tmpdir(), 'wenshu-e2e-'));

  private constructor(private readonly port: number) {}

  static async create(): Promise<Server> {
    const server = new Server(await freePort());
    await server.start();
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const log = openSync(path.join(this.data, 'server.log'), 'a');
    this.process = spawn(binary(), ['serve', '--data', this.data, '--listen', `127.0.0.1:${this.port}`], {
      stdio: ['ignore', log, log],
      env: { ...process.env, WENSHU_ADMIN_PASSWORD: ADMIN_PASSWORD },
    });
    for (let attempt = 0; attempt < 300; attempt++) {
      if (this.process.exitCode !== null) throw new Error(`the server ended, see ${this.data}/server.log`);
      const ready = await fetch(`${this.url}/readyz`).then((answer) => answer.ok, () => false);
      if (ready) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`the server is not ready, see ${this.data}/server.log`);
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const running = this.process;
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    const ended = new Promise((resolve) => running.once('exit', resolve));
    running.kill(signal);
    await ended;
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.data, { recursive: true, force: true });
  }
}

function binary(): string {
  const candidates = [process.env.WENSHU_BIN, path.join(ROOT, 'target/release/wenshu'), path.join(ROOT, 'target/debug/wenshu')];
  const found = candidates.find((candidate) => candidate !== undefined && existsSync(candidate));
  if (!found) throw new Error('build the program first, or name it in WENSHU_BIN');
  return found;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
