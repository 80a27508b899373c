/** What can be known of a socket on another server. */
interface SocketDetails {
  readonly id: string;
  readonly handshake: object;
  readonly rooms: Iterable<string>;
  readonly data: unknown;
}

/** Returns what other servers are told of a socket. */
export function describeSocket(socket: unknown): object {
  const { id, handshake, rooms, data } = socket as SocketDetails;
  // `express-session` adds its store to the handshake, which goes round in circles.
  const { sessionStore: _, ...rest } = handshake as { sessionStore?: unknown };
  return { id, handshake: rest, rooms: [...rooms], data };
}
