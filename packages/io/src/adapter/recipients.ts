import type { AdapterNamespace, AdapterSocket, BroadcastOptions, Room, SocketId } from './contract.ts';

/** Who is where. */
export interface Whereabouts {
  readonly nsp: AdapterNamespace;
  readonly rooms: ReadonlyMap<Room, ReadonlySet<SocketId>>;
  readonly sids: ReadonlyMap<SocketId, ReadonlySet<Room>>;
}

type Visit<S> = (socket: S) => void;

/**
 * Calls `visit` with each socket that the options mean, once. Listeners of the program may be called in the midst of it:
 * whom those have join or leave does not change who is left out.
 *
 * One room, or none, is a walk over the room itself, as far as it was at the beginning: only with several is it
 * remembered who was there already.
 */
export function forEachSocket<S = AdapterSocket>(
  whereabouts: Whereabouts,
  { rooms, except }: BroadcastOptions,
  visit: Visit<S>,
): void {
  if (rooms.size === 1 && except !== undefined && except.size > 0) {
    const [room] = rooms;
    const ids = whereabouts.rooms.get(room!);
    if (ids === undefined) return;
    for (const name of except) {
      if ((whereabouts.rooms.get(name)?.size ?? 0) <= ids.size) continue;
      walkFew(whereabouts, ids, except, visit);
      return;
    }
  }
  const seen = rooms.size > 1 ? new Set<SocketId>() : null;
  visitEach(whereabouts, rooms, excludedBy(whereabouts.rooms, except), visit, seen);
}

/** As {@link forEachSocket}, where `visit` moves the sockets: who joins in the midst of it is visited too. */
export function actOnEachSocket(
  whereabouts: Whereabouts,
  { rooms, except }: BroadcastOptions,
  visit: Visit<AdapterSocket>,
): void {
  visitEach(whereabouts, rooms, excludedBy(whereabouts.rooms, except), visit, new Set());
}

function visitEach<S>(
  { nsp, rooms, sids }: Whereabouts,
  included: ReadonlySet<Room>,
  excluded: ReadonlySet<SocketId> | null,
  visit: Visit<S>,
  seen: Set<SocketId> | null,
): void {
  const sockets = nsp.sockets as ReadonlyMap<SocketId, S>;
  if (included.size === 0) walk(sids, sockets, excluded, visit, seen);
  else for (const room of included) walk(rooms.get(room), sockets, excluded, visit, seen);
}

function walk<S>(
  ids: ReadonlySet<SocketId> | ReadonlyMap<SocketId, unknown> | undefined,
  sockets: ReadonlyMap<SocketId, S>,
  excluded: ReadonlySet<SocketId> | null,
  visit: Visit<S>,
  seen: Set<SocketId> | null,
): void {
  if (ids === undefined) return;
  // Who leaves and joins again stands behind the others, again and again.
  let left = seen === null ? ids.size : Number.POSITIVE_INFINITY;
  for (const id of ids.keys()) {
    if (left-- === 0) break;
    if (excluded?.has(id)) continue;
    if (seen !== null) {
      if (seen.has(id)) continue;
      seen.add(id);
    }
    const socket = sockets.get(id);
    if (socket !== undefined) visit(socket);
  }
}

/**
 * As `walk`, of a room that is smaller than one that is left out: a copy of that would take longer than all else. Who joins
 * in the midst of it is not visited.
 */
function walkFew<S>(
  { nsp, rooms }: Whereabouts,
  ids: ReadonlySet<SocketId>,
  except: ReadonlySet<Room>,
  visit: Visit<S>,
): void {
  const excluded = [...except].map((name) => rooms.get(name));
  for (const id of [...ids].filter((one) => !excluded.some((members) => members?.has(one)))) {
    const socket = ids.has(id) ? (nsp.sockets as ReadonlyMap<SocketId, S>).get(id) : undefined;
    if (socket !== undefined) visit(socket);
  }
}

/** Returns who is in any of `names` now, or `null` for nobody. */
function excludedBy(
  rooms: ReadonlyMap<Room, ReadonlySet<SocketId>>,
  names: ReadonlySet<Room> | undefined,
): ReadonlySet<SocketId> | null {
  if (names === undefined || names.size === 0) return null;
  let only: ReadonlySet<SocketId> | null = null;
  let all: Set<SocketId> | null = null;
  for (const name of names) {
    const members = rooms.get(name);
    if (members === undefined) continue;
    // A socket's own room is not copied: every broadcast to the others leaves that out.
    if (only === null && all === null && members.size === 1 && members.has(name)) {
      only = members;
      continue;
    }
    all ??= new Set(only);
    for (const id of members) all.add(id);
  }
  return all ?? only;
}
