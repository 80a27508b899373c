/**
 * Says, once, what is behind most sessions that a server does not know: another process has them. It is silent while
 * clients may still ask for sessions from before a restart.
 */
export class StickyHint {
  readonly #fromMs: number;
  #isGiven = false;

  /** @param sessionLifeMs - after which a session has ended whose client was not heard of */
  constructor(sessionLifeMs: number) {
    this.#fromMs = performance.now() + sessionLifeMs;
  }

  /** Takes in that a client asked for a session that is not here, and that nothing is known to have ended. */
  consider(): void {
    if (this.#isGiven || performance.now() < this.#fromMs) return;
    this.#isGiven = true;
    process.emitWarning(
      'a client asked for a session that this process does not have; where there are several processes, all requests of a ' +
        "session have to reach the same one (sticky sessions), or clients have to use transports: ['websocket']",
      { code: 'EIO_WARN_STICKY' },
    );
  }
}
