/** Bounds of the lab. The page receives them, so that its sliders end where the server does. */
export const LAB_LIMITS = Object.freeze({
  /** Events a second. */
  rate: Object.freeze({ min: 1, max: 200 }),
  /** Bytes of an event's payload. */
  payloadBytes: Object.freeze({ min: 16, max: 64 * 1024 }),
  /** Pages that use the lab at one time. */
  pages: 4,
  /** A stream ends when its page has changed nothing for so long. */
  idleMs: 10 * 60 * 1000,
  /** Events that wait for one page that polls: the oldest go first. */
  waitingEvents: 2000,
  /** Bytes that wait for one page on one transport: where it polls the oldest go first, else the newest. */
  waitingBytes: 8 * 1024 * 1024,
  /** How long a long poll waits for an event before it is answered with none. */
  longPollMs: 20 * 1000,
  /** TCP connections to one transport. */
  connections: 64,
});
