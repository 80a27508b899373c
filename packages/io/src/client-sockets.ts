import type { AnySocket } from './aliases.ts';

/** Namespaces that one connection waits for the answer of, at most. */
const MAX_CONNECTING = 100;

/** A namespace that has not answered yet. */
interface Connecting {
  readonly name: string;
  /** Whom it judges, where it has come to that. */
  socket: AnySocket | null;
}

/** The sockets of one connection, one for each namespace. Most have one: a map only where there are more. */
export class ClientSockets {
  readonly #max: number;
  #only: AnySocket | null = null;
  #byNamespace: Map<string, AnySocket> | null = null;
  /** For the namespaces that have not answered yet. */
  #connecting: Connecting[] | null = null;
  /** Names of the namespaces that were left: what is under way to those is no mistake. */
  #left: Set<string> | null = null;

  /** @param max - most namespaces */
  constructor(max: number) {
    this.#max = max;
  }

  /** Tells whether the connection waits for a namespace. */
  isConnecting(name: string): boolean {
    return this.#connectingTo(name) !== undefined;
  }

  /** Takes in that the connection waits for a namespace; returns `false` where there are too many. */
  beginConnecting(name: string): boolean {
    this.#connecting ??= [];
    const { length } = this.#connecting;
    const connected = this.#only === null ? (this.#byNamespace?.size ?? 0) : 1;
    if (length >= MAX_CONNECTING || connected + length >= this.#max) return false;
    this.#connecting.push({ name, socket: null });
    this.#left?.delete(name);
    return true;
  }

  /** Takes in who waits for the answer of its namespace. */
  join(socket: AnySocket): void {
    const connecting = this.#connectingTo(socket.nsp.name);
    if (connecting !== undefined) connecting.socket = socket;
  }

  /** Returns those whose namespaces have not answered. */
  get joining(): AnySocket[] {
    if (this.#connecting === null) return [];
    return this.#connecting.map(({ socket }) => socket).filter((socket) => socket !== null);
  }

  endConnecting(name: string): void {
    const connecting = this.#connecting?.filter((other) => other.name !== name);
    this.#connecting = connecting?.length ? connecting : null;
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
    this.#left ??= new Set();
    if (this.#left.size >= this.#max) this.#left.clear();
    this.#left.add(name);
  }

  hasLeft(name: string): boolean {
    return this.#left?.has(name) ?? false;
  }

  #connectingTo(name: string): Connecting | undefined {
    return this.#connecting?.find((connecting) => connecting.name === name);
  }
}
