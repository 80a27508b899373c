import { randomBytes } from 'node:crypto';
import { IoError } from '../errors.ts';
import { Adapter, type Eventually } from './adapter.ts';
import { ClusterAcks } from './cluster-acks.ts';
import {
  type ClusterMessage,
  type ClusterMessageBody,
  type ClusterResponse,
  type ClusterResponseBody,
  decodeOptions,
  encodeOptions,
  MessageType,
  type Offset,
  type ServerId,
} from './cluster-message.ts';
import { type AwaitedServers, ClusterRequests, countAwaited } from './cluster-requests.ts';
import {
  type AckCallback,
  type AdapterNamespace,
  type AdapterPacket,
  type BroadcastOptions,
  LOST,
  type Room,
  tellingOfAll,
} from './contract.ts';
import { isKept } from './kept-events.ts';
import { LocalOrder } from './local-order.ts';
import { describeSocket } from './remote-socket.ts';

/** Time for other servers to answer, in milliseconds, where nothing else is said. */
const DEFAULT_TIMEOUT_MS = 5000;

/**
 * An adapter for several servers, over any broker. Who extends it implements {@link doPublish} and
 * {@link doPublishResponse}, and calls {@link onMessage} and {@link onResponse} with what comes in.
 *
 * Emits `error` where a message could not be published, if anybody listens.
 * @see https://socket.io/docs/v4/adapter/
 */
export abstract class ClusterAdapter extends Adapter {
  /** The id of this server in this namespace. */
  protected readonly uid: ServerId = createId();
  readonly #requests = new ClusterRequests();
  readonly #acks = new ClusterAcks();
  readonly #order = new LocalOrder();

  protected constructor(nsp: AdapterNamespace) {
    super(nsp);
  }

  /** Sends a message to the other servers; returns where it is in the broker's stream, if it has one. */
  protected abstract doPublish(message: ClusterMessage): Promise<Offset>;

  /** Sends a response to one server. */
  protected abstract doPublishResponse(requesterUid: ServerId, response: ClusterResponse): Promise<void>;

  /** Ends requests with what has come so far. */
  override close(): Eventually {
    this.#requests.close();
    this.#acks.close();
  }

  /** To be called with a message of another server, or of this one, which is passed over. */
  protected onMessage(message: ClusterMessage, offset?: Offset): void {
    if (message.uid === this.uid || message.nsp !== this.nsp.name) return;
    switch (message.type) {
      case MessageType.BROADCAST:
        this.#onBroadcast(message, offset);
        break;
      case MessageType.SOCKETS_JOIN:
        super.addSockets(decodeOptions(message.data.opts), message.data.rooms);
        break;
      case MessageType.SOCKETS_LEAVE:
        super.delSockets(decodeOptions(message.data.opts), message.data.rooms);
        break;
      case MessageType.DISCONNECT_SOCKETS:
        super.disconnectSockets(decodeOptions(message.data.opts), message.data.close ?? false);
        break;
      case MessageType.FETCH_SOCKETS:
        this.#onFetchSockets(message);
        break;
      case MessageType.SERVER_SIDE_EMIT:
        this.#onServerSideEmit(message);
        break;
      default:
        // Who extends this may hand over responses as messages.
        if ('data' in message) this.onResponse(message as unknown as ClusterResponse);
    }
  }

  /** To be called with a response of another server. */
  protected onResponse(response: ClusterResponse): void {
    const { requestId } = response.data;
    switch (response.type) {
      case MessageType.BROADCAST_CLIENT_COUNT:
        this.#acks.count(requestId, response.data.clientCount);
        break;
      case MessageType.BROADCAST_ACK:
        this.#acks.answer(requestId, response.data.packet);
        break;
      case MessageType.BROADCAST_LOSS:
        this.#acks.lose(requestId, new IoError(response.data.code, response.data.message));
        break;
      case MessageType.FETCH_SOCKETS_RESPONSE:
        this.#requests.answer(requestId, response.uid, response.data.sockets);
        break;
      case MessageType.SERVER_SIDE_EMIT_RESPONSE:
        this.#requests.answer(requestId, response.uid, [response.data.packet]);
        break;
    }
  }

  /**
   * Sends a packet to the sockets of all servers. Those of this one get it in the order in which packets were sent,
   * whatever the broker takes: it is not waited for, unless its offset has to go along.
   */
  override broadcast(packet: AdapterPacket, opts: BroadcastOptions): Promise<void> {
    const message: ClusterMessageBody = {
      type: MessageType.BROADCAST,
      data: { packet, opts: encodeOptions(opts) },
    };
    if (opts.flags?.local || !this.#needsOffset(packet, opts)) {
      return this.#everywhere(opts, message, () => super.broadcast(packet, opts));
    }
    return this.#order.runAfter(this.#tryToPublish(message), (offset) =>
      // Where it could not be published there is no offset, and the sockets of this server get it all the same.
      super.broadcast(withOffset(packet, offset), opts),
    );
  }

  override broadcastWithAck(
    packet: AdapterPacket,
    opts: BroadcastOptions,
    clientCountCallback: (clientCount: number) => void,
    ack: AckCallback,
  ): void {
    if (!opts.flags?.local) {
      const requestId = createId();
      this.#acks.begin(requestId, opts.flags?.timeout, clientCountCallback, ack);
      this.publish({
        type: MessageType.BROADCAST,
        data: { packet, requestId, opts: encodeOptions(opts) },
      });
    }
    this.#order.run(() => super.broadcastWithAck(packet, opts, clientCountCallback, ack));
  }

  override addSockets(opts: BroadcastOptions, rooms: Room[]): Promise<void> {
    const data = { opts: encodeOptions(opts), rooms };
    return this.#everywhere(opts, { type: MessageType.SOCKETS_JOIN, data }, () =>
      super.addSockets(opts, rooms),
    );
  }

  override delSockets(opts: BroadcastOptions, rooms: Room[]): Promise<void> {
    const data = { opts: encodeOptions(opts), rooms };
    return this.#everywhere(opts, { type: MessageType.SOCKETS_LEAVE, data }, () =>
      super.delSockets(opts, rooms),
    );
  }

  override disconnectSockets(opts: BroadcastOptions, close: boolean): Promise<void> {
    const data = { opts: encodeOptions(opts), close };
    return this.#everywhere(opts, { type: MessageType.DISCONNECT_SOCKETS, data }, () =>
      super.disconnectSockets(opts, close),
    );
  }

  /**
   * Returns the sockets of all servers.
   * @throws {ClusterError} IO_ERR_SERVERS_MISSING when not all servers have answered in time: `responses` are the
   * sockets that are known, `missing` the servers
   */
  override async fetchSockets(opts: BroadcastOptions): Promise<unknown[]> {
    const [sockets, awaited] = await Promise.all([super.fetchSockets(opts), this.awaitedServers()]);
    if (opts.flags?.local || countAwaited(awaited) <= 0) return sockets;
    return new Promise((resolve, reject) => {
      const requestId = createId();
      const timeoutMs = opts.flags?.timeout || DEFAULT_TIMEOUT_MS;
      this.#requests.begin(requestId, awaited, timeoutMs, sockets, (error, responses) => {
        if (error === null) resolve(responses);
        else reject(error);
      });
      this.#ask(requestId, {
        type: MessageType.FETCH_SOCKETS,
        data: { opts: encodeOptions(opts), requestId },
      });
    });
  }

  /** With a function at the end, calls it with the answers of the other servers, and an error if some are missing. */
  override async serverSideEmit(packet: unknown[]): Promise<void> {
    const ack = packet.at(-1);
    if (typeof ack !== 'function') {
      this.publish({ type: MessageType.SERVER_SIDE_EMIT, data: { packet } });
      return;
    }
    const awaited = await this.awaitedServers();
    if (countAwaited(awaited) <= 0) {
      ack(null, []);
      return;
    }
    const requestId = createId();
    this.#requests.begin(requestId, awaited, DEFAULT_TIMEOUT_MS, [], (error, responses) =>
      ack(error, responses),
    );
    this.#ask(requestId, {
      type: MessageType.SERVER_SIDE_EMIT,
      data: { requestId, packet: packet.slice(0, -1) },
    });
  }

  /** To be overridden where servers know each other: who has to answer a request. */
  protected async awaitedServers(): Promise<AwaitedServers> {
    return { count: (await this.serverCount()) - 1 };
  }

  /** A server is gone, so nobody waits for its answers. */
  protected forgetServer(uid: ServerId): void {
    this.#requests.forgetServer(uid);
  }

  /** Sends a message; where that fails, `error` tells. */
  protected publish(message: ClusterMessageBody): void {
    void this.#tryToPublish(message);
  }

  /** Sends a message. It is on its way when this returns, as far as the broker's client is concerned. */
  protected async publishAndReturnOffset(message: ClusterMessageBody): Promise<Offset> {
    return this.doPublish({ ...message, uid: this.uid, nsp: this.nsp.name });
  }

  /** Sends a response. */
  protected publishResponse(requesterUid: ServerId, response: ClusterResponseBody): void {
    const publish = async () =>
      this.doPublishResponse(requesterUid, { ...response, uid: this.uid, nsp: this.nsp.name });
    publish().catch((error: unknown) => this.#tellOfFailure(error));
  }

  #ask(requestId: string, message: ClusterMessageBody): void {
    this.publishAndReturnOffset(message).catch((error: unknown) => this.#requests.fail(requestId, error));
  }

  /** What `doLocally` throws is thrown. Others are told first: it may call what tells them of something else. */
  #everywhere(
    opts: BroadcastOptions,
    message: ClusterMessageBody,
    doLocally: () => Eventually,
  ): Promise<void> {
    const publishing = opts.flags?.local ? Promise.resolve() : this.#tryToPublish(message);
    const done = this.#order.run(doLocally);
    return publishing.then(() => done);
  }

  /** Where it fails, `error` tells, if anybody listens: without, the event would end the process. */
  #tryToPublish(message: ClusterMessageBody): Promise<Offset | undefined> {
    return this.publishAndReturnOffset(message).catch((error: unknown) => this.#tellOfFailure(error));
  }

  #tellOfFailure(error: unknown): undefined {
    if (this.listenerCount('error') > 0) this.emit('error', error);
    return undefined;
  }

  #needsOffset(packet: AdapterPacket, { flags }: BroadcastOptions): boolean {
    const options = this.nsp.server.opts as { connectionStateRecovery?: unknown } | undefined;
    return Boolean(options?.connectionStateRecovery) && isKept(packet, flags);
  }

  #onBroadcast({ uid, data }: ClusterMessage & { type: 3 }, offset: Offset | undefined): void {
    const packet = data.packet as AdapterPacket;
    const opts = decodeOptions(data.opts);
    const { requestId } = data;
    if (requestId === undefined) {
      super.broadcast(this.#needsOffset(packet, opts) ? withOffset(packet, offset) : packet, opts);
      return;
    }
    super.broadcastWithAck(
      packet,
      opts,
      (clientCount) =>
        this.publishResponse(uid, {
          type: MessageType.BROADCAST_CLIENT_COUNT,
          data: { requestId, clientCount },
        }),
      this.#answerTo(uid, requestId),
    );
  }

  #answerTo(uid: ServerId, requestId: string): AckCallback {
    const answer: AckCallback = (packet) =>
      this.publishResponse(uid, { type: MessageType.BROADCAST_ACK, data: { requestId, packet } });
    answer[LOST] = ({ code, message }) =>
      this.publishResponse(uid, { type: MessageType.BROADCAST_LOSS, data: { requestId, code, message } });
    return answer;
  }

  #onFetchSockets({ uid, data: { opts, requestId } }: ClusterMessage & { type: 7 }): void {
    // `super.fetchSockets` asks nobody, so it cannot fail.
    void super.fetchSockets(decodeOptions(opts)).then((sockets) => {
      const data = { requestId, sockets: sockets.map(describeSocket) };
      this.publishResponse(uid, { type: MessageType.FETCH_SOCKETS_RESPONSE, data });
    });
  }

  #onServerSideEmit({ uid, data: { packet, requestId } }: ClusterMessage & { type: 9 }): void {
    if (requestId === undefined) {
      this.nsp._onServerSideEmit(packet);
      return;
    }
    let isAnswered = false;
    this.nsp._onServerSideEmit([
      ...packet,
      (answer: unknown) => {
        if (isAnswered) return;
        isAnswered = true;
        this.publishResponse(uid, {
          type: MessageType.SERVER_SIDE_EMIT_RESPONSE,
          data: { requestId, packet: answer },
        });
      },
    ]);
  }
}

tellingOfAll.add(ClusterAdapter.prototype.broadcastWithAck);

function createId(): string {
  return randomBytes(8).toString('hex');
}

/** The packet may be another server's too, in this process, so it is not changed. */
function withOffset(packet: AdapterPacket, offset: Offset | undefined): AdapterPacket {
  return offset === undefined ? packet : { ...packet, data: [...(packet.data as unknown[]), offset] };
}
