import type { IncomingMessage } from 'node:http';
import type { Socket as Conn } from '@hawser/engine';
import type { SessionConsumer } from '@hawser/engine/internal';
import { type Packet, PacketType, type ViolationCode } from '@hawser/protocol/socketio';
import type { AnyServer, AnySocket } from './aliases.ts';
import { type Backpressure, type Follower, type Waiting, WaitingLine } from './backpressure.ts';
import { type ClientDecoder, type ClientDecoderHandler, createDecoder } from './client-decoder.ts';
import { ClientSockets } from './client-sockets.ts';
import type { Deadline } from './deadlines.ts';
import { IoError, violationError } from './errors.ts';
import { splitQuery } from './handshake.ts';
import type { Addressee } from './inbox.ts';
import {
  byteLengthOf,
  COMPRESSIBLE,
  type Fate,
  INCOMPRESSIBLE,
  type Outgoing,
  type WriteOptions,
} from './outgoing.ts';
import type { Runtime } from './runtime.ts';
import type { DisconnectReason } from './socket-types.ts';
import type { EventsMap } from './typed-events.ts';

/** RFC 6455 7.4.1: what a close frame says of a peer that breaks rules. */
const POLICY_VIOLATION = 1008;
const PROTOCOL_ERROR = 1002;

/** What is known of the event that an adapter is about to write, beside what it is written as. */
interface Announced {
  readonly owner: Backpressure | null;
  readonly key: string | undefined;
  readonly follower: Follower | null;
}

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
  /** @internal It is of Hawser: it counts the events that it gets, and says so by a NOOP once it has seen that we do. */
  countsEvents = false;
  readonly #runtime: Runtime;
  readonly #decoder: ClientDecoder;
  readonly #sockets: ClientSockets;
  #connectDeadline: Deadline | null = null;
  /** Under which the client has sent the event before that comes next. */
  #firstId: number | null = null;
  #line: WaitingLine | null = null;
  #announced: Announced | null = null;
  #ending: { readonly reason: DisconnectReason; readonly description: unknown } | null = null;

  /** @internal Made by the server. */
  constructor(server: AnyServer, conn: Conn) {
    this.server = server;
    this.conn = conn;
    this.#runtime = server.runtime;
    this.#sockets = new ClientSockets(server.maxNamespacesPerConnection);
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
    return new Map(this.#sockets.all().map((socket) => [socket.id, socket]));
  }

  /** Its sockets by the names of their namespaces, as they are now. */
  get nsps(): Map<string, AnySocket> {
    return new Map(this.#sockets.all().map((socket) => [socket.nsp.name, socket]));
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
  connect(asked: string, auth: Record<string, unknown> = {}): void {
    const nsp = this.server._nsps.get(asked);
    const name = nsp?.name ?? copyName(asked);
    // Clients ask again when the program does. The one answer that they get is to both.
    if (this.#sockets.isConnecting(name)) return;
    if (!this.#sockets.beginConnecting(name)) {
      // The others go on: they are no worse for it.
      const message = 'connected to too many namespaces';
      this.#refuse(name, this.conn.protocol === 3 ? message : { message });
      return;
    }
    if (nsp !== undefined) {
      nsp._add(this, auth);
      return;
    }
    this.server._checkNamespace(name, auth, (child) => {
      if (child) {
        child._add(this, auth);
        return;
      }
      this.connectEnded(name);
      this.#refuse(name, { message: 'Invalid namespace' });
    });
  }

  /** @internal The namespace has let a socket in. */
  letIn(socket: AnySocket): void {
    this.#callOffDeadline();
    this.#sockets.add(socket);
  }

  /** @internal The namespace judges a socket. */
  joins(socket: AnySocket): void {
    this.#sockets.join(socket);
  }

  /** @internal The namespace has answered. */
  connectEnded(name: string): void {
    this.#sockets.endConnecting(name);
  }

  /** @internal Disconnects it from all namespaces, and ends the connection. */
  _disconnect(): void {
    for (const socket of this.#sockets.all()) socket.disconnect();
    this.#close();
  }

  /** @internal Takes in that one of its sockets is gone. */
  _remove(socket: AnySocket): void {
    this.#sockets.remove(socket, this.#ending === null);
  }

  /** @internal What an adapter writes next is an event of `owner`, and `follower` hears of its fate. */
  announce(owner: Backpressure | null, data: unknown, follower: Follower | null): void {
    this.#announced = { owner, key: owner?.keyOf(data), follower };
  }

  /** @internal Sends one packet to this client alone. */
  _packet(
    packet: Packet,
    options: WriteOptions = NO_OPTIONS,
    owner: Backpressure | null = null,
    follower: Follower | null = null,
  ): Fate {
    if (this.conn.readyState !== 'open' || (options.volatile && !this.#isIdle())) {
      follower?.onDropped?.();
      return 'dropped';
    }
    const messages = this.encode(packet);
    const sendOptions = options.compress === false ? INCOMPRESSIBLE : COMPRESSIBLE;
    if (this.#takesAtOnce(owner)) {
      const wasWritable = this.conn.transport.writable;
      for (const message of messages) this.conn.write(message, sendOptions);
      return wasWritable && this.conn.transport.writable ? 'sent' : 'waits';
    }
    const outgoing = { messages, options: sendOptions, byteLength: byteLengthOf(messages) };
    return this.#wait({ outgoing, owner, key: owner?.keyOf(packet.data), follower });
  }

  /** @internal Writes a packet as it goes out to one client. */
  encode(packet: Packet): readonly (string | Buffer)[] {
    return this.#runtime.encode(packet, this.server.encoder);
  }

  /** @internal Has what `send` sends leave at once, apart from what is sent next. */
  writeAtOnce(send: () => void): void {
    const { transport } = this.conn;
    // A foreign engine's does not collect.
    if (transport.writeAtOnce === undefined) send();
    else transport.writeAtOnce(send);
  }

  /**
   * Sends a packet that an adapter has encoded: the same array for each recipient, which is what has it made ready
   * for the wire once.
   */
  writeToEngine(
    encoded: readonly (string | Buffer)[],
    options: WriteOptions = NO_OPTIONS,
    follower: Follower | null = this.#announced?.follower ?? null,
  ): void {
    const announced = this.#announced;
    this.#announced = null;
    if (options.volatile && !this.#isIdle()) {
      follower?.onDropped?.();
      return;
    }
    if (this.conn.readyState !== 'open') {
      // Too late: it counts as lost with the connection.
      follower?.onSent?.();
      return;
    }
    const outgoing = this.#runtime.lastBroadcast.prepare(encoded, options, this.#runtime.engine);
    const owner = announced?.owner ?? null;
    if (this.#takesAtOnce(owner)) {
      this.#write(outgoing);
      follower?.onSent?.();
    } else {
      this.#wait({ outgoing, owner, key: announced?.key, follower });
    }
  }

  /** @internal */
  onMessage(data: string | Uint8Array): void {
    if (typeof data === 'string') this.#decoder.receiveText(data);
    else this.#decoder.receiveAttachment(data);
  }

  /** @internal Clients of Hawser say what they are, and later, of the event that comes next, the id of its first try. */
  onNoop(data: string | Uint8Array): void {
    this.countsEvents = true;
    this.#firstId = FIRST_ID.test(String(data)) ? Number(data) : null;
  }

  /** @internal What waited in the engine has left. */
  onWritable(): void {
    const line = this.#line;
    if (line !== null) {
      while (this.conn.readyState === 'open' && this.conn.transport.writable) {
        const waiting = line.take();
        if (waiting === null) break;
        this.#write(waiting.outgoing);
        waiting.follower?.onSent?.();
      }
      if (!line.isEmpty) return;
      this.#line = null;
    }
    if (!this.conn.transport.writable) return;
    for (const socket of this.#sockets.all()) socket.onWritable();
  }

  /** @internal */
  onClose(reason: DisconnectReason, description: unknown): void {
    if (this.#ending !== null) return;
    this.#ending = { reason, description };
    this.#finish();
  }

  /** @internal A packet came in. */
  onPacket(given: Packet): void {
    const packet = this.#firstId === null ? given : this.#underFirstId(given);
    const { nsp } = packet;
    const socket = this.#sockets.find(nsp);
    if (socket !== null && packet.type <= PacketType.ACK && packet.type !== PacketType.CONNECT) {
      if (packet.type === PacketType.DISCONNECT) socket.isLeaving = true;
      this.#runtime.inbox.push(socket, packet);
    } else if (socket === null && packet.type === PacketType.CONNECT) {
      this.#onConnectPacket(packet);
    } else if (packet.type === PacketType.CONNECT && !this.#runtime.inbox.isEmpty) {
      // What is before it may be that the client leaves, to come again.
      this.#runtime.inbox.push(this, packet);
    } else if (socket !== null || !this.#sockets.hasLeft(nsp)) {
      this.#failUnfit();
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

  /** @internal All that came in before has been delivered. */
  deliver(packet: Packet | null): void {
    if (packet === null) this.#deliverEnd();
    else if (this.#sockets.find(packet.nsp) === null) this.#onConnectPacket(packet);
    else this.#failUnfit();
  }

  #deliverEnd(): void {
    const { reason, description } = this.#ending!;
    this.#callOffDeadline();
    this.#takeLine(() => {});
    // Whoever judges them may never come to an end.
    for (const socket of this.#sockets.joining) socket.abandon();
    for (const socket of this.#sockets.all()) {
      if (description instanceof IoError && reason === 'parse error') socket._onerror(description);
      socket._onclose(reason, description);
    }
  }

  /** @internal Its session goes on over another connection. */
  supersede(): void {
    // Also where it is about to close, once what waits is sent.
    this.#closeAs('forced server close', undefined);
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

  /** The client takes the answer under either id. */
  #underFirstId(packet: Packet): Packet {
    const id = this.#firstId!;
    this.#firstId = null;
    return packet.type === PacketType.EVENT && packet.id !== undefined ? { ...packet, id } : packet;
  }

  #onConnectPacket({ nsp, data }: Packet): void {
    if (this.conn.protocol === 4) {
      this.connect(nsp, (data ?? {}) as Record<string, unknown>);
      return;
    }
    const { name, query } = splitQuery(nsp);
    if (this.#sockets.find(name) === null) this.connect(name, query);
    else this.#fail(new IoError('IO_ERR_CONNECT', 'connected twice to the same namespace'));
  }

  #refuse(nsp: string, data: unknown): void {
    this._packet({ type: PacketType.CONNECT_ERROR, nsp, data });
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

  #write({ messages, options }: Outgoing): void {
    for (const message of messages) this.conn.write(message, options);
  }

  /** What may not be dropped waits in the engine, unless something that may is before it. */
  #takesAtOnce(owner: Backpressure | null): boolean {
    return this.#line === null && (owner === null || this.conn.transport.writable);
  }

  #wait(waiting: Waiting): 'waits' | 'dropped' {
    const line = (this.#line ??= new WaitingLine(this.#runtime.maxBufferedBytes));
    const fate = line.add(waiting, this.bufferedBytes);
    if (line.isEmpty) this.#line = null;
    if (fate === 'overflow') this.failSlow((waiting.owner ?? line).maxBufferedBytes);
    return fate === 'waits' ? 'waits' : 'dropped';
  }

  /** Empties the line: what is in it is on its way, or lost with the connection. */
  #takeLine(visit: (waiting: Waiting) => void): void {
    const line = this.#line;
    this.#line = null;
    for (let waiting = line?.take(); waiting; waiting = line?.take()) {
      visit(waiting);
      waiting.follower?.onSent?.();
    }
  }

  /** The peer is told why, unless something waits for it, which it is sent before the end. */
  #fail(error: IoError): void {
    if (this.conn.readyState !== 'open') return;
    if (this.isWritable) this.#abort('parse error', error, PROTOCOL_ERROR);
    else this.#closeAs('parse error', error);
  }

  #failUnfit(): void {
    this.#fail(new IoError('IO_ERR_NOT_CONNECTED', 'packet does not fit the state of its namespace'));
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
    this.#takeLine((waiting) => this.#write(waiting.outgoing));
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

/**
 * Returns the same name, which keeps nothing else in memory: one that was cut out of a message keeps all of that, and
 * what was connected to is remembered for long.
 */
function copyName(name: string): string {
  return JSON.parse(JSON.stringify(name)) as string;
}

/** Of an event, in a NOOP: every number of so many digits is a safe integer. */
const FIRST_ID = /^\d{1,15}$/;

const NO_OPTIONS: WriteOptions = Object.freeze({});
