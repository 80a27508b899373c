import type { AdapterNamespace, AdapterSocket, BroadcastOptions, Room, SocketId } from './contract.ts';

/** Who is where. */
export interface Whereabouts {
  readonly nsp: AdapterNamespace;
  readonly rooms: ReadonlyMap<Room, ReadonlySet<SocketId>>;
  readonly sids: ReadonlyMap<SocketId, ReadonlySet<Room>>;
}

/** To ask so many for each socket costs less than anything else. */
const FEW_ROOMS = 4;

/** Those in one room, or all. */
type Place = ReadonlySet<SocketId> | ReadonlyMap<SocketId, unknown>;

/**
 * Calls `visit` with each socket that the options mean now, once. Listeners of the program may be called in the midst of
 * it: who leaves then is not visited any more, and who joins is not visited yet.
 *
 * @param onGone - called with the id of who lost its connection in the midst of it
 */
export function forEachSocket<S = AdapterSocket>(
  whereabouts: Whereabouts,
  { rooms, except }: BroadcastOptions,
  visit: (socket: S) => void,
  onGone?: (id: SocketId) => void,
): void {
  const sockets = whereabouts.nsp.sockets as ReadonlyMap<SocketId, S>;
  const found = rooms.size > FEW_ROOMS ? roomsById(whereabouts, rooms) : null;
  const places = found === null ? placesOf(whereabouts, rooms) : [];
  const ids = found === null ? idsIn(places) : [...found.keys()];
  const isLeftOut = exclusionOf(whereabouts.rooms, except, ids.length);
  for (const id of isLeftOut === null ? ids : ids.filter((one) => !isLeftOut(one))) {
    const socket = sockets.get(id);
    if (socket === undefined) onGone?.(id);
    // A room that all left, and some came back to, is another set.
    else if (
      found === null
        ? isIn(places, id) || isIn(placesOf(whereabouts, rooms), id)
        : isMember(whereabouts, found.get(id)!, id) || sharesRoom(whereabouts, id, rooms)
    ) {
      visit(socket);
    }
  }
}

/** As {@link forEachSocket}, where `visit` moves the sockets: who joins in the midst of it is visited too. */
export function actOnEachSocket(
  whereabouts: Whereabouts,
  { rooms, except }: BroadcastOptions,
  visit: (socket: AdapterSocket) => void,
): void {
  const sockets = whereabouts.nsp.sockets as ReadonlyMap<SocketId, AdapterSocket>;
  const done = new Set<SocketId>();
  for (const name of except ?? []) for (const id of whereabouts.rooms.get(name) ?? []) done.add(id);
  const act = (id: SocketId): void => {
    if (done.has(id)) return;
    done.add(id);
    const socket = sockets.get(id);
    if (socket !== undefined) visit(socket);
  };
  if (rooms.size === 0) for (const id of whereabouts.sids.keys()) act(id);
  else for (const room of rooms) for (const id of whereabouts.rooms.get(room) ?? []) act(id);
}

function placesOf({ rooms, sids }: Whereabouts, names: ReadonlySet<Room>): readonly Place[] {
  if (names.size === 0) return [sids];
  const places: Place[] = [];
  for (const name of names) {
    const place = rooms.get(name);
    if (place !== undefined) places.push(place);
  }
  return places;
}

function idsIn(places: readonly Place[]): readonly SocketId[] {
  if (places.length === 1) return [...places[0]!.keys()];
  return [...new Set(places.flatMap((place) => [...place.keys()]))];
}

/** Returns who is in any of `names`, and one of the rooms that each is in. */
function roomsById({ rooms }: Whereabouts, names: ReadonlySet<Room>): ReadonlyMap<SocketId, Room> {
  const found = new Map<SocketId, Room>();
  for (const name of names) {
    for (const id of rooms.get(name) ?? []) if (!found.has(id)) found.set(id, name);
  }
  return found;
}

function isMember({ rooms }: Whereabouts, room: Room, id: SocketId): boolean {
  return rooms.get(room)?.has(id) === true;
}

/** Tells whether one is in any of `names`, by the rooms that it joined: there may be thousands of the others. */
function sharesRoom(whereabouts: Whereabouts, id: SocketId, names: ReadonlySet<Room>): boolean {
  for (const room of whereabouts.sids.get(id) ?? []) {
    if (names.has(room) && isMember(whereabouts, room, id)) return true;
  }
  return false;
}

function isIn(places: readonly Place[], id: SocketId): boolean {
  for (const place of places) if (place.has(id)) return true;
  return false;
}

/** Returns what tells, so many times, who is in any of `names`, or `null` for nobody. */
function exclusionOf(
  rooms: ReadonlyMap<Room, ReadonlySet<SocketId>>,
  names: ReadonlySet<Room> | undefined,
  askedTimes: number,
): ((id: SocketId) => boolean) | null {
  const excluded: ReadonlySet<SocketId>[] = [];
  for (const name of names ?? []) {
    const members = rooms.get(name);
    if (members !== undefined) excluded.push(members);
  }
  if (excluded.length === 0) return null;
  const [first] = excluded;
  if (excluded.length > FEW_ROOMS) {
    const memberCount = excluded.reduce((count, { size }) => count + size, 0);
    if (askedTimes * excluded.length > memberCount) {
      const members = new Set(idsIn(excluded));
      return (id) => members.has(id);
    }
  }
  if (excluded.length > 1 || first!.size > 1) return (id) => isIn(excluded, id);
  // Its own room: every broadcast to the others leaves that out, and to compare beats to look it up.
  const [only] = first!;
  return (id) => id === only;
}
