import { type ClientHttp2Session, connect } from 'node:http2';
import { isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { isOver, offersConnect, whenSettingsKnown } from './session-settings.ts';

/** Who wants a stream; it is told one of these, once. */
export interface SessionUser {
  /** Here is a session with room for one stream more. */
  onSession(session: ClientHttp2Session): void;
  /** The server has no WebSocket over HTTP/2. `socket` is a connection to it that can be used for HTTP/1.1. */
  onNotOffered(socket: Socket | null): void;
  /** The session turned out to have room for fewer: ask again. */
  onFull(): void;
  onError(cause: Error): void;
}

/** Somebody's claim to a stream. */
export interface Lease {
  /** The stream is gone, or not wanted any more. May be called twice. */
  release(): void;
}

/**
 * Sessions that connections share: one for each origin and set of TLS options, and as many more as the server's
 * limit of streams makes necessary. A session ends when its last stream is gone; until then it keeps the process
 * alive, as any connection does.
 */
export class SessionPool {
  /** The one of this process: sockets find each other in no other way (decision 30). */
  static readonly shared = new SessionPool();

  readonly #sessions = new Set<PooledSession>();

  /** Finds or makes a session to the origin of `url`. */
  lease(url: URL, tls: ConnectionOptions | undefined, user: SessionUser): Lease {
    let session = [...this.#sessions].find((known) => known.suits(url, tls));
    if (session === undefined) {
      session = new PooledSession(url, tls, (over) => this.#sessions.delete(over));
      this.#sessions.add(session);
    }
    return session.lease(user);
  }
}

/**
 * | state       | left by                                                                               |
 * | ----------- | ------------------------------------------------------------------------------------- |
 * | connecting  | the TLS handshake: HTTP/2, or not offered                                             |
 * | waiting     | the server's settings: open, or not offered                                           |
 * | open        | the last release, GOAWAY, the end of the session; not leased any more from then on     |
 */
class PooledSession {
  readonly #origin: string;
  readonly #tls: ConnectionOptions;
  readonly #onOver: (self: PooledSession) => void;
  readonly #users = new Set<SessionUser>();
  #waiting: SessionUser[] | null = [];
  #socket: TLSSocket | null = null;
  #session: ClientHttp2Session | null = null;

  constructor(url: URL, tls: ConnectionOptions = {}, onOver: (self: PooledSession) => void) {
    this.#origin = originOf(url);
    this.#tls = { ...tls };
    this.#onOver = onOver;
    if (url.protocol === 'wss:') this.#secure(url);
    else this.#start(connect(this.#origin, { settings: { enablePush: false } }));
  }

  /** Tells whether it goes to the same place by the same means, and has room. */
  suits(url: URL, tls: ConnectionOptions = {}): boolean {
    const session = this.#waiting === null ? this.#session : null;
    if (session !== null && (isOver(session) || this.#users.size >= maxStreamsOf(session))) return false;
    return this.#origin === originOf(url) && hasSameValues(this.#tls, tls);
  }

  lease(user: SessionUser): Lease {
    this.#users.add(user);
    if (this.#waiting !== null) this.#waiting.push(user);
    else user.onSession(this.#session!);
    return { release: () => this.#release(user) };
  }

  #release(user: SessionUser): void {
    if (!this.#users.delete(user) || this.#users.size > 0) return;
    this.#onOver(this);
    if (this.#waiting === null) this.#session?.close();
    // What is not connected yet would try to be.
    else (this.#session ?? this.#socket)?.destroy();
  }

  #secure(url: URL): void {
    // Of an IPv6 address without its brackets.
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const socket = connectTls({
      host,
      port: Number(url.port || 443),
      servername: isIP(host) === 0 ? host : '',
      ...this.#tls,
      ALPNProtocols: ['h2', 'http/1.1'],
    });
    this.#socket = socket;
    socket.on('error', (error) => this.#fail(error));
    socket.once('secureConnect', () => {
      if (this.#users.size === 0) return;
      const settings = { enablePush: false };
      if (socket.alpnProtocol !== 'h2') this.#notOffered(socket);
      else this.#start(connect(this.#origin, { createConnection: () => socket, settings }));
    });
  }

  #start(session: ClientHttp2Session): void {
    this.#session = session;
    session.on('error', (error) => this.#fail(error));
    session.once('goaway', () => this.#onOver(this));
    session.once('close', () => this.#fail(new Error('the server closed the session')));
    whenSettingsKnown(session, () => {
      if (offersConnect(session) && maxStreamsOf(session) > 0) this.#settle(session);
      else if (!isOver(session)) this.#notOffered(null);
    });
  }

  #settle(session: ClientHttp2Session): void {
    const waiting = this.#takeWaiting();
    const max = maxStreamsOf(session);
    for (const user of waiting.slice(max)) this.#users.delete(user);
    for (const user of waiting.slice(0, max)) user.onSession(session);
    for (const user of waiting.slice(max)) user.onFull();
  }

  /** The first of those who wait may have the connection. */
  #notOffered(socket: TLSSocket | null): void {
    const users = this.#dismiss();
    this.#session?.close();
    for (const [index, user] of users.entries()) user.onNotOffered(index === 0 ? socket : null);
  }

  #fail(error: Error): void {
    for (const user of this.#dismiss()) user.onError(error);
  }

  /** Returns who still waits, and lets nobody else in. */
  #dismiss(): SessionUser[] {
    this.#onOver(this);
    const waiting = this.#takeWaiting();
    for (const user of waiting) this.#users.delete(user);
    return waiting;
  }

  /** Returns those who have not been answered, nor given up. */
  #takeWaiting(): SessionUser[] {
    const waiting = this.#waiting?.filter((user) => this.#users.has(user)) ?? [];
    this.#waiting = null;
    return waiting;
  }
}

function originOf({ protocol, host }: URL): string {
  return `${protocol === 'wss:' ? 'https' : 'http'}://${host}`;
}

function maxStreamsOf(session: ClientHttp2Session): number {
  return session.remoteSettings.maxConcurrentStreams ?? Number.POSITIVE_INFINITY;
}

/** What differs in any way, a check of certificates for example, must not share a connection. */
function hasSameValues(a: object, b: object): boolean {
  const [entries, others] = [Object.entries(a), new Map(Object.entries(b))];
  return (
    entries.length === others.size &&
    entries.every(([name, value]) => others.has(name) && Object.is(others.get(name), value))
  );
}
