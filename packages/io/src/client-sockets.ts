import type { AnySocket } from './aliases.ts';

/** The sockets of one connection, one for each namespace. Most have one: a map only where there are more. */
export class ClientSockets {
  readonly #max: number;
  #only: AnySocket | null = null;
  #byNamespace: Map<string, AnySocket> | null = null;
  /** Whom the namespaces judge that have not answered yet, where it has come to that, by their names. */
  #connecting: Map<string, AnySocket | null> | null = null;
  /** The namespaces that were left: what is under way to those is no mistake. */
  #left: RecentNames | null = null;

  /** @param max - most namespaces, those included that have not answered yet */
  constructor(max: number) {
    this.#max = max;
  }

  /** Tells whether the connection waits for a namespace. */
  isConnecting(name: string): boolean {
    return this.#connecting?.has(name) ?? false;
  }

  /** Takes in that the connection waits for a namespace; returns `false` where there are too many. */
  beginConnecting(name: string): boolean {
    const connected = this.#only === null ? (this.#byNamespace?.size ?? 0) : 1;
    if (connected + (this.#connecting?.size ?? 0) >= this.#max) return false;
    this.#connecting ??= new Map();
    this.#connecting.set(name, null);
    this.#left?.delete(name);
    return true;
  }

  /** Takes in who waits for the answer of its namespace. */
  join(socket: AnySocket): void {
    const { name } = socket.nsp;
    if (this.isConnecting(name)) this.#connecting!.set(name, socket);
  }

  /** Returns those whose namespaces have not answered. */
  get joining(): AnySocket[] {
    if (this.#connecting === null) return [];
    return [...this.#connecting.values()].filter((socket) => socket !== null);
  }

  endConnecting(name: string): void {
    this.#connecting?.delete(name);
    if (this.#connecting?.size === 0) this.#connecting = null;
  }

  add(socket: AnySocket): void {
    this.endConnecting(socket.nsp.name);
    if (this.#only === null && this.#byNamespace === null) {
      this.#only = socket;
      return;
    }
    this.#byNamespace ??= new Map();
    if (this.#only !== null) this.#byNamespace.set(this.#only.nsp.name, this.#only);
    this.#only = null;
    this.#byNamespace.set(socket.nsp.name, socket);
  }

  find(name: string): AnySocket | null {
    if (this.#only !== null) return this.#only.nsp.name === name ? this.#only : null;
    return this.#byNamespace?.get(name) ?? null;
  }

  /** Returns them as they are now. */
  all(): AnySocket[] {
    if (this.#only !== null) return [this.#only];
    return this.#byNamespace === null ? [] : [...this.#byNamespace.values()];
  }

  /** @param goesOn - the connection is still there, and something for the namespace may be under way */
  remove(socket: AnySocket, goesOn: boolean): void {
    const { name } = socket.nsp;
    if (this.find(name) !== socket) return;
    this.#only = null;
    this.#byNamespace?.delete(name);
    if (!goesOn) return;
    this.#left ??= new RecentNames(this.#max);
    this.#left.add(name);
  }

  hasLeft(name: string): boolean {
    return this.#left?.has(name) ?? false;
  }
}

/** Most characters of all of them, unless the last one alone has more. */
const MAX_LENGTH = 65_536;

/** The names that came last, within bounds. */
class RecentNames {
  readonly #max: number;
  readonly #names = new Set<string>();
  #length = 0;

  /** @param max - most names */
  constructor(max: number) {
    this.#max = max;
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  add(name: string): void {
    this.delete(name);
    for (const oldest of this.#names) {
      if (this.#names.size < this.#max && this.#length + name.length <= MAX_LENGTH) break;
      this.delete(oldest);
    }
    this.#names.add(name);
    this.#length += name.length;
  }

  delete(name: string): void {
    if (this.#names.delete(name)) this.#length -= name.length;
  }
}
