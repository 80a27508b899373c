import type { Server as HttpServer, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketError } from './errors.ts';

/** Marks our own listeners, across copies of this package, so that they can be told from foreign ones. */
const ROUTE: unique symbol = Symbol.for('hawser.upgrade.path') as never;

type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** What one of ours does with the upgrades of an HTTP server. */
export interface UpgradeRoute {
  /** Exact path without query; `null` for whatever no other claims. */
  readonly path: string | null;
  /** Takes an upgrade to the path. */
  readonly handle: UpgradeListener;
  /** Turns away an upgrade that nobody claims. */
  readonly refuse: (request: IncomingMessage, socket: Duplex) => void;
}

/** An `upgrade` listener with the path that it claims. */
interface RoutedListener extends UpgradeListener {
  [ROUTE]: string | null;
}

/** An HTTP server with our listener on it. */
export interface Attachment {
  detach(): void;
}

/**
 * Has `route` take part in the upgrades of `server`.
 *
 * Several of ours share one HTTP server, each with its own path, and stand beside listeners of other libraries.
 * They know of each other only through the server's own list of listeners: whoever claims the path takes the
 * upgrade; what none of ours claims is left to the others, or is refused with 404 where there are none.
 *
 * @throws WS_ERR_PATH_TAKEN when another of ours claims the same path, WS_ERR_OPTION when it is no path
 */
export function attachUpgrade(server: HttpServer, { path, handle, refuse }: UpgradeRoute): Attachment {
  if (path !== null && !/^\/[^?#]*$/.test(path)) {
    throw new WebSocketError(
      'WS_ERR_OPTION',
      `path must begin with / and have no query, not "${path.slice(0, 75)}"`,
    );
  }
  if (routesOf(server).some((route) => route[ROUTE] === path)) {
    throw new WebSocketError(
      'WS_ERR_PATH_TAKEN',
      `a WebSocketServer is attached to ${path ?? 'every path'} already`,
    );
  }
  const listener: RoutedListener = Object.assign(
    (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      const routes = routesOf(server);
      const claimant = findClaimant(routes, pathOf(request.url ?? '/'));
      if (claimant === listener) handle(request, socket, head);
      const isRefused = claimant === undefined && routes.length === server.listenerCount('upgrade');
      if (isRefused && routes[0] === listener) refuse(request, socket);
    },
    { [ROUTE]: path } as { [ROUTE]: string | null },
  );
  server.on('upgrade', listener);
  return { detach: () => server.off('upgrade', listener) };
}

/** Returns the path of a request target, which may be a whole URL (RFC 9112 section 3.2.2). */
function pathOf(target: string): string {
  if (!target.startsWith('/')) return URL.canParse(target) ? new URL(target).pathname : target;
  const query = target.indexOf('?');
  return query < 0 ? target : target.slice(0, query);
}

function routesOf(server: HttpServer): RoutedListener[] {
  return server.listeners('upgrade').filter((listener): listener is RoutedListener => ROUTE in listener);
}

function findClaimant(routes: readonly RoutedListener[], path: string): RoutedListener | undefined {
  return routes.find((route) => route[ROUTE] === path) ?? routes.find((route) => route[ROUTE] === null);
}
