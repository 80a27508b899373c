import type { IncomingMessage } from 'node:http';
import type { Socket as Conn } from '@hawser/engine';
import type { SessionConsumer } from '@hawser/engine/internal';
import { type Packet, PacketType, type ViolationCode } from '@hawser/protocol/socketio';
import type { AnyServer, AnySocket } from './aliases.ts';
import { type Backpressure, WaitingLine } from './backpressure.ts';
import { type ClientDecoder, type ClientDecoderHandler, createDecoder } from './client-decoder.ts';
import type { Deadline } from './deadlines.ts';
import { IoError, violationError } from './errors.ts';
import type { Addressee } from './inbox.ts';
import { byteLengthOf, COMPRESSIBLE, INCOMPRESSIBLE, type Outgoing, type WriteOptions } from './outgoing.ts';
import type { Runtime } from './runtime.ts';
import type { DisconnectReason } from './socket-types.ts';
import type { EventsMap } from './typed-events.ts';

/** RFC 6455 7.4.1: what a close frame says of a peer that breaks rules. */
const POLICY_VIOLATION = 1008;
const PROTOCOL_ERROR = 1002;

/** What waits to be sent before a namespace answers a client that is to connect. */
const MAX_PENDING_CONNECTS = 100;

/** One connection, with the namespaces that it is connected to. */
export class Client<
  _ListenEvents extends EventsMap = EventsMap,
  _EmitEvents extends EventsMap = EventsMap,
  _ServerSideEvents extends EventsMap = EventsMap,
  _SocketData = unknown,
> implements SessionConsumer, Addressee, ClientDecoderHandler
{
  /** The connection below. */
  readonly conn: Conn;
  readonly server: AnyServer;
  readonly #runtime: Runtime;
  readonly #decoder: ClientDecoder;
  /** Most clients are connected to one namespace: a map only where it is more. */
  #only: AnySocket | null = null;
  #byNamespace: Map<string, AnySocket> | null = null;
  /** Names of the namespaces that have not answered yet. */
  #connecting: Set<string> | null = null;
  /** Names of the namespaces that the server took it from: what is under way to those is no mistake. */
  #left: Set<string> | null = null;
  #connectDeadline: Deadline | null = null;
  #line: WaitingLine | null = null;
  /** The event that an adapter is about to write, and whose it is. */
  #announced: { readonly owner: Backpressure; readonly key: string | undefined } | null = null;
  #ending: { readonly reason: DisconnectReason; readonly description: unknown } | null = null;

  /** @internal Made by the server. */
  constructor(server: AnyServer, conn: Conn) {
    this.server = server;
    this.conn = conn;
    this.#runtime = server.runtime;
    this.#decoder = createDecoder(server, this);
    this.#connectDeadline = this.#runtime.deadlines.begin(server._connectTimeout, () =>
      this.#onConnectTimeout(),
    );
    this.#listen();
  }

  /** The id of the connection. */
  get id(): string {
    return this.conn.id;
  }

  /** The first request of the connection. */
  get request(): IncomingMessage {
    return this.conn.request;
  }

  /** Its sockets by their ids, as they are now. */
  get sockets(): Map<string, AnySocket> {
    return new Map(this.#all().map((socket) => [socket.id, socket]));
  }

  /** Its sockets by the names of their namespaces, as they are now. */
  get nsps(): Map<string, AnySocket> {
    return new Map(this.#all().map((socket) => [socket.nsp.name, socket]));
  }

  /** Whether something sent now would be on its way at once. */
  get isWritable(): boolean {
    const { transport, writeBuffer } = this.conn;
    return this.#line === null && transport.writable && !(writeBuffer?.length > 0);
  }

  /** Bytes that wait in the connection, those of no rule included. */
  get bufferedBytes(): number {
    return this.conn.bufferedBytes ?? 0;
  }

  /** @internal Connects to a namespace on behalf of the peer. */
  connect(name: string, auth: Record<string, unknown> = {}): void {
    if (this.#isOverConnected(name)) {
      this.#fail(new IoError('IO_ERR_CONNECT', 'connected to too many namespaces, or twice to the same'));
      return;
    }
    (this.#connecting ??= new Set()).add(name);
    this.#left?.delete(name);
    const nsp = this.server._nsps.get(name);
    if (nsp !== undefined) {
      nsp._add(this, auth, (socket) => this.#add(socket));
      return;
    }
    this.server._checkNamespace(name, auth, (child) => {
      if (child) {
        child._add(this, auth, (socket) => this.#add(socket));
        return;
      }
      this.connectEnded(name);
      this._packet({ type: PacketType.CONNECT_ERROR, nsp: name, data: { message: 'Invalid namespace' } });
    });
  }

  /** @internal The namespace has answered. */
  connectEnded(name: string): void {
    this.#connecting?.delete(name);
    if (this.#connecting?.size === 0) this.#connecting = null;
  }

  /** @internal Disconnects it from all namespaces, and ends the connection. */
  _disconnect(): void {
    for (const socket of this.#all()) socket.disconnect();
    this.#close();
  }

  /** @internal Takes in that one of its sockets is gone. */
  _remove(socket: AnySocket): void {
    const { name } = socket.nsp;
    if (this.#only === socket) this.#only = null;
    else if (this.#byNamespace?.get(name) === socket) this.#byNamespace.delete(name);
    if (this.conn.readyState !== 'open') return;
    this.#left ??= new Set();
    if (this.#left.size >= this.server.maxNamespacesPerConnection) this.#left.clear();
    this.#left.add(name);
  }

  /** @internal The line for its events is not left by one that has none. */
  announce(owner: Backpressure, data: unknown): void {
    this.#announced = { owner, key: owner.keyOf(data) };
  }

  /** @internal Sends one packet to this client alone; returns whether it is on its way. */
  _packet(packet: Packet, options: WriteOptions = NO_OPTIONS, owner: Backpressure | null = null): boolean {
    if (this.conn.readyState !== 'open') return false;
    if (options.volatile && !this.#isIdle()) return false;
    const messages = this.#encode(packet);
    const sendOptions = options.compress === false ? INCOMPRESSIBLE : COMPRESSIBLE;
    if (this.#line === null && (owner === null || this.conn.transport.writable)) {
      for (const message of messages) this.conn.write(message, sendOptions);
      return this.conn.transport.writable;
    }
    const outgoing = { messages, options: sendOptions, byteLength: byteLengthOf(messages) };
    if (owner !== null) this.#wait(outgoing, owner, owner.keyOf(packet.data), null);
    else this.#line?.addFirm(outgoing, null);
    return false;
  }

  /**
   * Sends a packet that an adapter has encoded: the same array for each recipient, which is what has it made ready
   * for the wire once.
   * @param onSent - called when it is on its way, or lost with the connection, but not when it is dropped
   */
  writeToEngine(
    encoded: readonly (string | Buffer)[],
    options: WriteOptions = NO_OPTIONS,
    onSent: (() => void) | null = null,
  ): void {
    const announced = this.#announced;
    this.#announced = null;
    if (options.volatile && !this.#isIdle()) return;
    if (this.conn.readyState !== 'open') {
      // Too late: it counts as lost with the connection.
      onSent?.();
      return;
    }
    const outgoing = this.#runtime.lastBroadcast.prepare(encoded, options, this.#runtime.engine);
    if (this.#line === null && (announced === null || this.conn.transport.writable)) {
      this.#write(outgoing);
      onSent?.();
    } else if (announced !== null) this.#wait(outgoing, announced.owner, announced.key, onSent);
    else if (this.#line !== null) this.#line.addFirm(outgoing, onSent);
  }

  /** @internal */
  onMessage(data: string | Uint8Array): void {
    if (typeof data === 'string') this.#decoder.receiveText(data);
    else this.#decoder.receiveAttachment(data);
  }

  /** @internal What waited in the engine has left. */
  onWritable(): void {
    const line = this.#line;
    if (line !== null) {
      while (this.conn.readyState === 'open' && this.conn.transport.writable) {
        const waiting = line.take();
        if (waiting === null) break;
        this.#write(waiting.outgoing);
        waiting.onSent?.();
      }
      if (!line.isEmpty) return;
      this.#line = null;
    }
    if (!this.conn.transport.writable) return;
    if (this.#only !== null) this.#only.onWritable();
    else if (this.#byNamespace !== null) for (const socket of this.#all()) socket.onWritable();
  }

  /** @internal */
  onClose(reason: DisconnectReason, description: unknown): void {
    if (this.#ending !== null) return;
    this.#ending = { reason, description };
    this.#finish();
  }

  /** @internal A packet came in. */
  onPacket(packet: Packet): void {
    const { nsp } = packet;
    const socket = this.#find(nsp);
    if (socket !== null && packet.type <= PacketType.ACK && packet.type !== PacketType.CONNECT) {
      this.#runtime.inbox.push(socket, packet);
    } else if (socket === null && packet.type === PacketType.CONNECT) {
      this.#onConnectPacket(packet);
    } else if (socket !== null || !this.#left?.has(nsp)) {
      this.#fail(new IoError('IO_ERR_NOT_CONNECTED', 'packet does not fit the state of its namespace'));
    }
  }

  /** @internal The peer broke the rules of the packets. */
  onViolation(code: ViolationCode): void {
    this.#fail(violationError(code));
  }

  /** @internal */
  onParserError(error: IoError): void {
    this.#fail(error);
  }

  /** @internal The connection has ended, and all that came in over it has been delivered. */
  deliver(_packet: Packet | null): void {
    const { reason, description } = this.#ending!;
    this.#callOffDeadline();
    for (let lost = this.#line?.take(); lost; lost = this.#line?.take()) lost.onSent?.();
    for (const socket of this.#all()) {
      if (description instanceof IoError && reason === 'parse error') socket._onerror(description);
      socket._onclose(reason, description);
    }
    this.#only = null;
    this.#byNamespace = null;
    this.#line = null;
  }

  /** @internal Its session goes on over another connection. */
  supersede(): void {
    this.#close();
    if (!this.#runtime.inbox.isEmpty) this.deliver(null);
  }

  /** @internal More would wait than may: both ends are told. */
  failSlow(maxBufferedBytes: number): void {
    const error = new IoError(
      'IO_ERR_SLOW_CONSUMER',
      `slow consumer: over ${maxBufferedBytes} bytes would wait to be sent`,
    );
    this.#abort('transport error', error, POLICY_VIOLATION);
  }

  #listen(): void {
    const { conn } = this;
    if ('consumer' in conn) {
      conn.consumer = this;
      return;
    }
    const foreign = conn as Conn;
    foreign.on('data', (data: string | Buffer) => this.onMessage(data));
    foreign.on('drain', () => this.onWritable());
    foreign.on('close', (reason: DisconnectReason, description: unknown) =>
      this.onClose(reason, description),
    );
  }

  #onConnectPacket({ nsp, data }: Packet): void {
    if (this.conn.protocol === 4) {
      this.connect(nsp, (data ?? {}) as Record<string, unknown>);
      return;
    }
    // Protocol 4 of Socket.IO, over version 3 of Engine.IO: what proves who the client is stands in a query string.
    const queryAt = nsp.indexOf('?');
    const name = queryAt < 0 ? nsp : nsp.slice(0, queryAt);
    const query = new URLSearchParams(queryAt < 0 ? '' : nsp.slice(queryAt));
    if (this.#find(name) === null) this.connect(name, Object.fromEntries(query));
    else this.#fail(new IoError('IO_ERR_CONNECT', 'connected twice to the same namespace'));
  }

  #isOverConnected(name: string): boolean {
    if (this.#connecting?.has(name)) return true;
    const pending = this.#connecting?.size ?? 0;
    const connected = this.#byNamespace?.size ?? 0;
    return pending >= MAX_PENDING_CONNECTS || connected >= this.server.maxNamespacesPerConnection;
  }

  #add(socket: AnySocket): void {
    this.connectEnded(socket.nsp.name);
    this.#callOffDeadline();
    if (this.#only === null && this.#byNamespace === null) {
      this.#only = socket;
      return;
    }
    this.#byNamespace ??= new Map();
    if (this.#only !== null) this.#byNamespace.set(this.#only.nsp.name, this.#only);
    this.#only = null;
    this.#byNamespace.set(socket.nsp.name, socket);
  }

  #find(name: string): AnySocket | null {
    if (this.#only !== null) return this.#only.nsp.name === name ? this.#only : null;
    return this.#byNamespace?.get(name) ?? null;
  }

  #all(): AnySocket[] {
    if (this.#only !== null) return [this.#only];
    return this.#byNamespace === null ? [] : [...this.#byNamespace.values()];
  }

  #onConnectTimeout(): void {
    this.#connectDeadline = null;
    this.#close();
  }

  #callOffDeadline(): void {
    if (this.#connectDeadline !== null) this.#runtime.deadlines.callOff(this.#connectDeadline);
    this.#connectDeadline = null;
  }

  /** Nothing at all waits: what a volatile event asks for, as upstream has it. */
  #isIdle(): boolean {
    return this.isWritable && this.bufferedBytes === 0;
  }

  #encode(packet: Packet): readonly (string | Buffer)[] {
    if (this.#runtime.hasOwnParser) return this.server.encoder.encode(packet as never);
    const { text, attachments } = this.#runtime.encoder.encode(packet as Packet);
    return attachments.length === 0 ? [text] : [text, ...(attachments as readonly Buffer[])];
  }

  #write({ messages, options }: Outgoing): void {
    for (const message of messages) this.conn.write(message, options);
  }

  #wait(outgoing: Outgoing, owner: Backpressure, key: string | undefined, onSent: (() => void) | null): void {
    const line = (this.#line ??= new WaitingLine());
    const fate = line.add({ outgoing, owner, key, onSent }, this.bufferedBytes);
    if (line.isEmpty) this.#line = null;
    if (fate === 'overflow') this.failSlow(owner.maxBufferedBytes);
  }

  #fail(error: IoError): void {
    this.#abort('parse error', error, PROTOCOL_ERROR);
  }

  #abort(reason: 'parse error' | 'transport error', error: IoError, code: number): void {
    if (this.conn.readyState !== 'open') return;
    if ('abort' in this.conn) {
      this.conn.abort(reason, error, code);
      return;
    }
    this.#closeAs(reason, error);
  }

  #close(): void {
    if (this.conn.readyState === 'open') this.#closeAs('forced server close', undefined);
  }

  #closeAs(reason: DisconnectReason, description: unknown): void {
    if (this.#ending !== null) return;
    // The engine will have another word for it.
    this.#ending = { reason, description };
    (this.conn as Conn).close();
    this.#finish();
  }

  #finish(): void {
    this.#decoder.stop();
    // What came in before is delivered before.
    if (this.#runtime.inbox.isEmpty) this.deliver(null);
    else this.#runtime.inbox.push(this, null);
  }
}

const NO_OPTIONS: WriteOptions = Object.freeze({});
