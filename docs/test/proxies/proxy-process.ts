import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../free-port.ts';
import type { ProxyKind } from './proxy-kinds.ts';

const FIXTURES = fileURLToPath(new URL('../../../packages/ws/test/fixtures/', import.meta.url));
const RETRY_MS = 20;

export const CERTIFICATE_FILE = join(FIXTURES, 'localhost.cert.pem');

/** A proxy with a page's configuration, on a free port, in a folder of its own. */
export class ProxyProcess {
  readonly port: string;
  readonly #kind: ProxyKind;
  readonly #folder: string;
  readonly #child: ChildProcess;
  #errors = '';

  private constructor(kind: ProxyKind, port: string, folder: string, serverPorts: Record<string, string>) {
    this.#kind = kind;
    this.port = port;
    this.#folder = folder;
    const key = join(FIXTURES, 'localhost.key.pem');
    const both = [CERTIFICATE_FILE, key].map((file) => readFileSync(file, 'utf8'));
    writeFileSync(join(folder, 'both.pem'), both.join(''));
    this.#configure(serverPorts);
    this.#child = spawn(kind.program!, kind.arguments(), {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child.stderr!.on('data', (text) => {
      this.#errors += text;
    });
  }

  /** Starts it, and waits until it can be used. `serverPorts` are the servers', by the ports that the page names. */
  static async start(kind: ProxyKind, serverPorts: Record<string, string>): Promise<ProxyProcess> {
    const folder = mkdtempSync(join(tmpdir(), `hawser-${kind.name}-`));
    const proxy = new ProxyProcess(kind, await freePort(), folder, serverPorts);
    // A signal that comes before its handler is there would kill it.
    while (!((await proxy.#isListening()) && proxy.#handles(kind.reloadSignal))) {
      if (proxy.#child.exitCode !== null) throw new Error(`${kind.name} ended: ${proxy.#errors}`);
      await sleep(RETRY_MS);
    }
    return proxy;
  }

  /** Has it read a configuration with other servers. The old ones may get connections for a moment. */
  reload(serverPorts: Record<string, string>): void {
    this.#configure(serverPorts);
    this.#child.kill(this.#kind.reloadSignal);
  }

  /** Ends it with its workers, whoever is connected. */
  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill('SIGTERM');
      await once(this.#child, 'exit');
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #configure(serverPorts: Record<string, string>): void {
    const text = this.#kind.configure({
      port: this.port,
      serverPorts,
      certificate: CERTIFICATE_FILE,
      key: join(FIXTURES, 'localhost.key.pem'),
      certificateAndKey: join(this.#folder, 'both.pem'),
    });
    writeFileSync(join(this.#folder, this.#kind.configurationFile), text);
  }

  async #isListening(): Promise<boolean> {
    const socket = connect(Number(this.port), '127.0.0.1');
    try {
      await once(socket, 'connect');
      return true;
    } catch {
      return false;
    } finally {
      socket.destroy();
    }
  }

  #handles(signal: NodeJS.Signals): boolean {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8');
    const handled = BigInt(`0x${/^SigCgt:\s*(\w+)$/m.exec(status)?.[1]}`);
    return ((handled >> BigInt(constants.signals[signal] - 1)) & 1n) === 1n;
  }
}
