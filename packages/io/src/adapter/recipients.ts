import type { AdapterNamespace, AdapterSocket, BroadcastOptions, Room, SocketId } from './contract.ts';

/** Who is where. */
export interface Whereabouts {
  readonly nsp: AdapterNamespace;
  readonly rooms: ReadonlyMap<Room, ReadonlySet<SocketId>>;
  readonly sids: ReadonlyMap<SocketId, ReadonlySet<Room>>;
}

type Visit<S> = (socket: S) => void;

/**
 * Calls `visit` with each socket that the options mean, once.
 *
 * One room, or none, is a walk over the room itself: only with several is it remembered who was there already.
 */
export function forEachSocket<S = AdapterSocket>(
  whereabouts: Whereabouts,
  { rooms, except }: BroadcastOptions,
  visit: Visit<S>,
): void {
  visitEach(whereabouts, rooms, membersOf(whereabouts.rooms, except), visit);
}

/**
 * As {@link forEachSocket}, where `visit` has listeners of the program called: whom those have join or leave does not
 * change who is left out.
 */
export function actOnEachSocket(
  whereabouts: Whereabouts,
  options: BroadcastOptions,
  visit: Visit<AdapterSocket>,
): void {
  const excluded = new Set(membersOf(whereabouts.rooms, options.except));
  visitEach(whereabouts, options.rooms, excluded, visit);
}

function visitEach<S>(
  { nsp, rooms, sids }: Whereabouts,
  included: ReadonlySet<Room>,
  excluded: ReadonlySet<SocketId> | null,
  visit: Visit<S>,
): void {
  const sockets = nsp.sockets as ReadonlyMap<SocketId, S>;
  if (included.size > 1) {
    const seen = new Set<SocketId>();
    for (const room of included) walk(rooms.get(room)?.keys(), sockets, excluded, visit, seen);
  } else if (included.size === 1) {
    for (const room of included) walk(rooms.get(room)?.keys(), sockets, excluded, visit, null);
  } else {
    walk(sids.keys(), sockets, excluded, visit, null);
  }
}

function walk<S>(
  ids: Iterable<SocketId> | undefined,
  sockets: ReadonlyMap<SocketId, S>,
  excluded: ReadonlySet<SocketId> | null,
  visit: Visit<S>,
  seen: Set<SocketId> | null,
): void {
  if (ids === undefined) return;
  for (const id of ids) {
    if (excluded?.has(id)) continue;
    if (seen !== null) {
      if (seen.has(id)) continue;
      seen.add(id);
    }
    const socket = sockets.get(id);
    if (socket !== undefined) visit(socket);
  }
}

/** Returns who is in any of `names`, or `null` for nobody. One room is returned as it is, not copied. */
function membersOf(
  rooms: ReadonlyMap<Room, ReadonlySet<SocketId>>,
  names: ReadonlySet<Room> | undefined,
): ReadonlySet<SocketId> | null {
  if (names === undefined || names.size === 0) return null;
  let only: ReadonlySet<SocketId> | null = null;
  let union: Set<SocketId> | null = null;
  for (const name of names) {
    const members = rooms.get(name);
    if (members === undefined) continue;
    if (only === null) {
      only = members;
      continue;
    }
    union ??= new Set(only);
    for (const id of members) union.add(id);
  }
  return union ?? only;
}
