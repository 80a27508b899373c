import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http';
import type { Http2SecureServer, Http2Server, Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Duplex } from 'node:stream';

/** What an engine can be attached to. */
export type AnyHttpServer = HttpServer | Http2Server | Http2SecureServer;

/** What an engine does with the requests of an HTTP server. */
export interface Route {
  /** What a URL begins with. */
  readonly path: string;
  /** After how many milliseconds an upgrade that nobody takes is ended; `null` for never. */
  readonly destroyUpgradeAfterMs: number | null;
  readonly onRequest: (request: IncomingMessage, response: ServerResponse) => void;
  /** `null` where it takes no upgrades. */
  readonly onUpgrade: ((request: IncomingMessage, socket: Duplex, head: Buffer) => void) | null;
}

/** One that takes upgrades. */
type UpgradeRoute = Route & { readonly onUpgrade: NonNullable<Route['onUpgrade']> };

type RequestListener = (request: IncomingMessage, response: ServerResponse) => void;

const NO_BYTES = Buffer.alloc(0);

/** One router of upgrades for each HTTP server, however many engines are attached to it. */
const routers = new WeakMap<AnyHttpServer, UpgradeRouter>();

/** Has `route` take part in the requests of `server`. */
export function attachRoute(server: AnyHttpServer, route: Route): void {
  takeRequests(server as HttpServer, route);
  // It has no say in what becomes of them, as with engine.io.
  if (route.onUpgrade === null) return;
  let router = routers.get(server);
  if (router === undefined) {
    router = new UpgradeRouter(server);
    routers.set(server, router);
  }
  router.add(route as UpgradeRoute);
}

/** Cuts the upgrades to paths of no engine that nobody has answered: `server` waits for them when it closes. */
export function cutUntaken(server: AnyHttpServer): void {
  routers.get(server)?.cutUntaken();
}

/**
 * As with engine.io, requests to the path never reach the `request` listeners that were there before, and all
 * others do. Those may be of another engine, or of who wrapped them since.
 */
function takeRequests(server: HttpServer, { path, onRequest }: Route): void {
  const listeners = server.rawListeners('request') as RequestListener[];
  server.removeAllListeners('request');
  server.on('request', (request, response) => {
    if (request.url?.startsWith(path)) onRequest(request, response);
    else for (const listener of listeners) listener.call(server, request, response);
  });
}

class UpgradeRouter {
  readonly #server: AnyHttpServer;
  /** The one that came last is asked first. */
  readonly #routes: UpgradeRoute[] = [];
  readonly #untaken = new Set<Duplex>();

  constructor(server: AnyHttpServer) {
    this.#server = server;
    if (isHttp2Server(server)) {
      // RFC 8441: WebSocket over a stream.
      server.updateSettings({ enableConnectProtocol: true });
      server.on('connect', (request: Http2ServerRequest, response: Http2ServerResponse) =>
        this.#onConnect(request, response),
      );
    }
    // A server of HTTP/2 has this event where it also speaks HTTP/1.1.
    (server as HttpServer).on('upgrade', (request, socket, head) => this.#onUpgrade(request, socket, head));
  }

  add(route: UpgradeRoute): void {
    this.#routes.unshift(route);
  }

  cutUntaken(): void {
    for (const socket of this.#untaken) if (isUnanswered(socket)) socket.destroy();
  }

  #onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const route = this.#find(request);
    if (route !== undefined) {
      route.onUpgrade(request, socket, head);
      return;
    }
    this.#untaken.add(socket);
    socket.once('close', () => this.#untaken.delete(socket));
    const delays = this.#routes.map(
      ({ destroyUpgradeAfterMs }) => destroyUpgradeAfterMs ?? Number.POSITIVE_INFINITY,
    );
    const delayMs = Math.min(...delays);
    if (delayMs !== Number.POSITIVE_INFINITY) endUntaken(socket, delayMs);
  }

  #onConnect(request: Http2ServerRequest, response: Http2ServerResponse): void {
    // A CONNECT of HTTP/1.1 comes with its socket.
    if (response.stream === undefined) return;
    const upgrade = request as unknown as IncomingMessage;
    const route = request.headers[':protocol'] === 'websocket' ? this.#find(upgrade) : undefined;
    if (route !== undefined) route.onUpgrade(upgrade, response.stream, NO_BYTES);
    // As Node does where nobody listens.
    else if (this.#server.listenerCount('connect') === 1) response.writeHead(405).end();
  }

  #find(request: IncomingMessage): UpgradeRoute | undefined {
    return this.#routes.find(({ path }) => request.url?.startsWith(path));
  }
}

/** Ends an upgrade that no other listener has answered by then: with a listener, Node leaves that to us. */
function endUntaken(socket: Duplex, delayMs: number): void {
  socket.on('error', () => {});
  const timer = setTimeout(() => {
    if (!isUnanswered(socket)) return;
    // One that is not read never sees that its client leaves, and stays.
    socket.resume();
    socket.end(() => socket.destroy());
  }, delayMs);
  socket.once('close', () => clearTimeout(timer));
}

function isUnanswered(socket: Duplex & { bytesWritten?: number }): boolean {
  return socket.writable && (socket.bytesWritten ?? 0) === 0;
}

function isHttp2Server(server: AnyHttpServer): server is Http2Server | Http2SecureServer {
  return 'updateSettings' in server;
}
