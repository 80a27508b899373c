import { transports as defaultTransports } from '#transports';
import { readArguments } from './location.ts';
import type { SocketOptions, TransportCtor } from './options.ts';
import { SocketWithoutUpgrade } from './session.ts';
import type { HandshakeData } from './session-events.ts';
import type { Transport } from './transport.ts';
import { UpgradeAttempt, type UpgradeHost } from './upgrade-attempt.ts';

/** Time for a WebSocket to take over, and for WebTransport, which where UDP is blocked neither opens nor fails. */
const UPGRADE_TIMEOUT_MS = 10_000;
const WEBTRANSPORT_TIMEOUT_MS = 3_000;

const DEFAULT_NAMES = ['polling', 'websocket', 'webtransport'];

/** A session that moves from polling to something better. */
export class SocketWithUpgrade extends SocketWithoutUpgrade implements UpgradeHost {
  #upgrades: string[] = [];
  #attempt: UpgradeAttempt | undefined;

  /** @internal */
  pausePolling(candidate: Transport, onPause: () => void): void {
    this.upgrading = true;
    this.emitGuarded('upgrading', candidate);
    // A listener may have closed the session.
    if (this.readyState !== 'closed') this.transport.pause(onPause);
  }

  /** @internal */
  resumePolling(): void {
    this.upgrading = false;
    this.transport.resume();
    this.flush();
    this.finishClosing();
  }

  /** @internal */
  onUpgraded(candidate: Transport): void {
    this.#attempt = undefined;
    this.setTransport(candidate);
    this.upgrading = false;
    SocketWithoutUpgrade.priorWebsocketSuccess = candidate.name === 'websocket';
    // Behind it comes what was in the last poll, whatever a listener throws.
    this.emitGuarded('upgrade', candidate);
    this.flush();
    this.finishClosing();
  }

  /** @internal */
  onUpgradeFailed(candidate: Transport, reason: unknown): void {
    this.#attempt = undefined;
    const error = Object.assign(new Error('probe error', { cause: reason }), { transport: candidate.name });
    this.emitGuarded('upgradeError', error);
    this.#tryNext();
  }

  /** @internal */
  override _onClose(...end: Parameters<SocketWithoutUpgrade['_onClose']>): void {
    super._onClose(...end);
    this.#attempt?.abandon();
  }

  protected override onHandshake(data: HandshakeData): void {
    // Each once, whatever the server says.
    this.#upgrades = this.transports.filter((name) => data.upgrades.includes(name));
    super.onHandshake(data);
  }

  protected override onOpen(): void {
    super.onOpen();
    // Only polling can come to rest before the change, so that nothing is lost on the way.
    if (!this.opts.upgrade || this.transport.name !== 'polling') return;
    // They are tried from the end: WebTransport first.
    this.#upgrades.sort();
    this.#tryNext();
  }

  #tryNext(): void {
    if (this.readyState !== 'open') return;
    const name = this.#upgrades.pop();
    if (name === undefined) return;
    const timeoutMs = name === 'webtransport' ? WEBTRANSPORT_TIMEOUT_MS : UPGRADE_TIMEOUT_MS;
    const candidate = this.createTransport(name);
    this.#attempt = new UpgradeAttempt(this, candidate, timeoutMs, this.opts.autoUnref);
    this.#attempt.start();
  }
}

/**
 * An Engine.IO client: one session with a server, over whatever transport comes through.
 *
 * @example
 * ```ts
 * import { Socket } from '@hawser/client/engine';
 *
 * const socket = new Socket('ws://127.0.0.1:3000');
 * socket.on('open', () => socket.send('hello'));
 * ```
 */
export class Socket extends SocketWithUpgrade {
  /**
   * @param uri - such as `https://example.org`; without one, the page's own host
   */
  constructor(uri?: string | SocketOptions | null, options?: SocketOptions) {
    const [url, given = {}] = readArguments(uri, options);
    const classes = ((given.transports || DEFAULT_NAMES) as (string | TransportCtor)[])
      .map((entry) =>
        typeof entry === 'string' ? defaultTransports[entry as keyof typeof defaultTransports] : entry,
      )
      .filter(Boolean);
    super(url, { ...given, transports: classes });
  }
}
