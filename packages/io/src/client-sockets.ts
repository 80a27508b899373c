import type { AnySocket } from './aliases.ts';

/** The sockets of one connection, one for each namespace. Most have one: a map only where there are more. */
export class ClientSockets {
  readonly #max: number;
  #only: AnySocket | null = null;
  #byNamespace: Map<string, AnySocket> | null = null;
  /** Whom the namespaces judge that have not answered yet, where it has come to that, by their names. */
  #connecting: Map<string, AnySocket | null> | null = null;
  /** Names of the namespaces that were left: what is under way to those is no mistake. */
  #left: Set<string> | null = null;

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
    this.#left ??= new Set();
    if (this.#left.size >= this.#max) this.#left.clear();
    this.#left.add(name);
  }

  hasLeft(name: string): boolean {
    return this.#left?.has(name) ?? false;
  }
}
