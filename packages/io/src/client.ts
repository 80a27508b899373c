import type { IncomingMessage } from 'node:http';
import type { Socket as Conn } from '@hawser/engine';
import { attempt, type SessionConsumer } from '@hawser/engine/internal';
import { type Packet, PacketType, type ViolationCode } from '@hawser/protocol/socketio';
import type { AnyNamespace, AnyServer, AnySocket } from './aliases.ts';
import { type ClientDecoder, type ClientDecoderHandler, createDecoder } from './client-decoder.ts';
import { ClientOutput } from './client-output.ts';
import { ClientSockets } from './client-sockets.ts';
import type { Deadline } from './deadlines.ts';
import { IoError, violationError } from './errors.ts';
import { splitQuery } from './handshake.ts';
import type { Addressee } from './inbox.ts';
import type { DisconnectReason } from './socket-types.ts';
import type { EventsMap } from './typed-events.ts';

/** RFC 6455 7.4.1: what a close frame says of a peer that breaks rules. */
const POLICY_VIOLATION = 1008;
const PROTOCOL_ERROR = 1002;

/** One connection, with the namespaces that it is connected to. */
export class Client<
    _ListenEvents extends EventsMap = EventsMap,
    _EmitEvents extends EventsMap = EventsMap,
    _ServerSideEvents extends EventsMap = EventsMap,
    _SocketData = unknown,
  >
  extends ClientOutput
  implements SessionConsumer, Addressee, ClientDecoderHandler
{
  /** @internal It is of Hawser: it counts the events that it gets, and says so by a NOOP once it has seen that we do. */
  countsEvents = false;
  readonly #decoder: ClientDecoder;
  readonly #sockets: ClientSockets;
  #connectDeadline: Deadline | null = null;
  /** Under which the client has sent the event before that comes next. */
  #firstId: number | null = null;
  #ending: { readonly reason: DisconnectReason; readonly description: unknown } | null = null;

  /** @internal Made by the server. */
  constructor(server: AnyServer, conn: Conn) {
    super(server, conn);
    this.#sockets = new ClientSockets(server.maxNamespacesPerConnection);
    this.#decoder = createDecoder(server, this);
    this.#connectDeadline = this.runtime.deadlines.begin(server._connectTimeout, () =>
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

  /** @internal Connects to a namespace on behalf of the peer. */
  connect(asked: string, auth: Record<string, unknown> = {}): void {
    const nsp = this.server._nsps.get(asked);
    const name = nsp?.name ?? copyName(asked);
    // Clients ask again when the program does. The one answer that they get is to both.
    if (this.#sockets.isConnecting(name)) return;
    if (!this.#sockets.beginConnecting(name)) {
      // The others go on: they are no worse for it.
      this.#refuse(name, 'connected to too many namespaces');
      return;
    }
    if (nsp !== undefined) {
      nsp._add(this, auth);
      return;
    }
    const isWanted = (): boolean => this.conn.readyState === 'open';
    const onChecked = (child: AnyNamespace | false): void => {
      if (child) {
        child._add(this, auth);
        return;
      }
      this.connectEnded(name);
      this._packet({ type: PacketType.CONNECT_ERROR, nsp: name, data: { message: 'Invalid namespace' } });
    };
    this.server._checkNamespace(name, auth, onChecked, isWanted);
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

  /** @internal The namespace cannot answer, as the program failed. The peer is not told how. */
  connectFailed(name: string): void {
    this.connectEnded(name);
    this.#refuse(name, 'internal error');
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
    if (!this.flushLine()) return;
    for (const socket of this.#sockets.all()) socket.onWritable();
  }

  /** @internal */
  onClosing(): void {
    this.writeLine();
  }

  /** @internal */
  onClose(reason: DisconnectReason, description: unknown): void {
    if (this.#ending !== null) return;
    this.#ending = { reason, description };
    // Now: what is sent before the program hears of the end counts as lost behind it.
    this.loseLine();
    this.#finish();
  }

  /** @internal A packet came in. */
  onPacket(given: Packet): void {
    const packet = this.#firstId === null ? given : this.#underFirstId(given);
    const { nsp } = packet;
    const socket = this.#sockets.find(nsp);
    if (socket !== null && packet.type <= PacketType.ACK && packet.type !== PacketType.CONNECT) {
      if (packet.type === PacketType.DISCONNECT) socket.isLeaving = true;
      this.runtime.inbox.push(socket, packet);
    } else if (socket === null && packet.type === PacketType.CONNECT) {
      this.#onConnectPacket(packet);
    } else if (packet.type === PacketType.CONNECT && !this.runtime.inbox.isEmpty) {
      // What is before it may be that the client leaves, to come again.
      this.runtime.inbox.push(this, packet);
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
    // Whoever judges them may never come to an end.
    for (const socket of this.#sockets.joining) socket.abandon();
    for (const socket of this.#sockets.all()) {
      if (description instanceof IoError && reason === 'parse error') {
        attempt(() => socket._onerror(description));
      }
      socket._onclose(reason, description);
    }
  }

  /** @internal A session of its goes on over another connection, or is asked for again. */
  supersede(): void {
    // Also where it is about to close, once what waits is sent.
    this.#closeAs('forced server close', undefined);
    if (!this.runtime.inbox.isEmpty) this.deliver(null);
  }

  /** @internal */
  override failSlow(maxBufferedBytes: number): void {
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

  #refuse(nsp: string, message: string): void {
    const data = this.conn.protocol === 3 ? message : { message };
    this._packet({ type: PacketType.CONNECT_ERROR, nsp, data });
  }

  #onConnectTimeout(): void {
    this.#connectDeadline = null;
    this.#close();
  }

  #callOffDeadline(): void {
    if (this.#connectDeadline !== null) this.runtime.deadlines.callOff(this.#connectDeadline);
    this.#connectDeadline = null;
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
    // Hawser's engine asks for what waits.
    if (!('consumer' in this.conn)) this.writeLine();
    (this.conn as Conn).close();
    this.#finish();
  }

  #finish(): void {
    this.#decoder.stop();
    // What came in before is delivered before, and what is being sent is sent to all.
    if (this.runtime.inbox.isEmpty && !this.isWriting) this.deliver(null);
    else this.runtime.inbox.push(this, null);
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
