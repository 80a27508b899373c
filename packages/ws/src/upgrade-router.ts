import type { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketError } from './errors.ts';

/** Marks our own listeners, across copies of this package, so that they can be told from foreign ones. */
const ROUTE: unique symbol = Symbol.for('hawser.upgrade.path') as never;

type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** What one of ours does with one kind of handshake of an HTTP server. */
export interface Route<Listener> {
  /** Exact path without query; `null` for whatever no other claims. */
  readonly path: string | null;
  /** Takes a handshake to the path. */
  readonly handle: Listener;
  /** Turns away a handshake that nobody claims. */
  readonly refuse: Listener;
}

/** A listener of ours with the path that it claims. */
interface Routed {
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
export function attachUpgrade(
  server: EventEmitter,
  { path, handle, refuse }: Route<UpgradeListener>,
): Attachment {
  if (path !== null && !/^\/[^?#]*$/.test(path)) {
    throw new WebSocketError(
      'WS_ERR_OPTION',
      `path must begin with / and have no query, not "${path.slice(0, 75)}"`,
    );
  }
  if (routesOf(server, 'upgrade').some((route) => route[ROUTE] === path)) {
    throw new WebSocketError(
      'WS_ERR_PATH_TAKEN',
      `a WebSocketServer is attached to ${path ?? 'every path'} already`,
    );
  }
  const listener = markRoute(path, (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const claimant = findClaimant(server, 'upgrade', request.url ?? '/');
    if (claimant === listener) handle(request, socket, head);
    const isRefused = claimant === undefined && countForeign(server, 'upgrade') === 0;
    if (isRefused && isFirst(server, 'upgrade', listener)) refuse(request, socket, head);
  });
  server.on('upgrade', listener);
  return { detach: () => server.off('upgrade', listener) };
}

/** Marks a listener as one of ours, which claims `path`. */
export function markRoute<Listener extends object>(
  path: string | null,
  listener: Listener,
): Listener & Routed {
  return Object.assign(listener, { [ROUTE]: path });
}

/** Returns which of our listeners to `event` claims a request target, if any. */
export function findClaimant(server: EventEmitter, event: string, target: string): Routed | undefined {
  const routes = routesOf(server, event);
  const path = pathOf(target);
  return routes.find((route) => route[ROUTE] === path) ?? routes.find((route) => route[ROUTE] === null);
}

/** Returns how many listeners to `event` are not ours. */
export function countForeign(server: EventEmitter, event: string): number {
  return server.listenerCount(event) - routesOf(server, event).length;
}

/** Tells whether `listener` is the one of ours that acts for all of them. */
export function isFirst(server: EventEmitter, event: string, listener: Routed): boolean {
  return routesOf(server, event)[0] === listener;
}

/** Returns the path of a request target, which may be a whole URL (RFC 9112 section 3.2.2). */
function pathOf(target: string): string {
  if (!target.startsWith('/')) return URL.canParse(target) ? new URL(target).pathname : target;
  const query = target.indexOf('?');
  return query < 0 ? target : target.slice(0, query);
}

function routesOf(server: EventEmitter, event: string): Routed[] {
  return server.listeners(event).filter((listener) => ROUTE in listener) as unknown[] as Routed[];
}
