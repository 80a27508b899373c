import {
  type DeflateAgreement,
  PERMESSAGE_DEFLATE,
  type Role,
  type ViolationCode,
} from '@hawser/protocol/websocket';
import { type CompressionSettings, Compressor, type Deflation, setImmediate } from '@hawser/ws/internal';
import type { ExtensionParams } from './extension.ts';
import { EMPTY_BUFFER, toBuffer } from './payload.ts';
import { toError } from './violation-error.ts';

const MIN_WINDOW_BITS = 8;
const MAX_WINDOW_BITS = 15;

/** Options as of `ws`; `false` refuses a parameter, `true` asks for it without a value. */
export interface PerMessageDeflateOptions {
  readonly serverNoContextTakeover?: boolean | undefined;
  readonly clientNoContextTakeover?: boolean | undefined;
  readonly serverMaxWindowBits?: number | boolean | undefined;
  readonly clientMaxWindowBits?: number | boolean | undefined;
  readonly zlibDeflateOptions?: CompressionSettings['zlib'] | null | undefined;
  /** Taken, and without effect: a message is inflated in one piece. */
  readonly zlibInflateOptions?: object | undefined;
  /** Shorter messages are not compressed, also where a context is kept. @defaultValue 1 024 */
  readonly threshold?: number | undefined;
  /** Most messages that are compressed on other threads at a time; without bound where not above 0. @defaultValue 10 */
  readonly concurrencyLimit?: number | undefined;
  readonly isServer?: boolean | undefined;
  readonly maxPayload?: number | undefined;
}

/** The options that {@link createCompressor} reads. */
export const COMPRESSOR_OPTIONS = Object.freeze([
  'concurrencyLimit',
  'threshold',
  'zlibDeflateOptions',
] as const satisfies readonly (keyof PerMessageDeflateOptions)[]);

/** Parameters of one offer or answer, each at most once. */
type Params = Record<string, string | number | true>;

type Callback = (error: Error | null, data?: Buffer) => void;

/** Something to compress or to inflate; several may have one callback. */
interface Job {
  readonly kind: 'deflate' | 'inflate';
  readonly callback: Callback;
}

/** Returns what the connections of one endpoint compress with. Offers are judged here, as `ws` judges them. */
export function createCompressor(options: PerMessageDeflateOptions, role: Role): Compressor {
  const settings: CompressionSettings = {
    wanted: agreementOf({}),
    thresholdBytes: options.threshold ?? 1024,
    zlib: zlibOptions(options),
    maxJobs: maxJobs(options),
  };
  return new Compressor(settings, role);
}

/** permessage-deflate for one connection: what is offered and accepted, and what comes of it. */
export class PerMessageDeflate {
  static get extensionName(): string {
    return PERMESSAGE_DEFLATE;
  }

  params: Params | null = null;
  readonly _options: PerMessageDeflateOptions;
  readonly _isServer: boolean;
  readonly _maxPayload: number;
  readonly _threshold: number;
  readonly #compressor: Compressor;
  #deflation: Deflation | null = null;
  #isFragmenting = false;
  #fragments: Buffer[] = [];
  /** Jobs under way, which `cleanup` breaks off. */
  readonly #jobs = new Set<Job>();

  /** @param compressor - that of the endpoint, where the connection has one */
  constructor(
    options: PerMessageDeflateOptions = {},
    isServer = options.isServer ?? false,
    maxPayload = options.maxPayload ?? 0,
    compressor = createCompressor(options, isServer ? 'server' : 'client'),
  ) {
    this._options = options;
    this._isServer = isServer;
    this._maxPayload = maxPayload | 0;
    this._threshold = options.threshold ?? 1024;
    this.#compressor = compressor;
  }

  /** What the connection compresses with, once the extension was accepted. */
  get deflation(): Deflation | null {
    return this.#deflation;
  }

  /** Returns the client's offer. */
  offer(): Params {
    const { serverNoContextTakeover, clientNoContextTakeover, serverMaxWindowBits, clientMaxWindowBits } =
      this._options;
    return {
      ...(serverNoContextTakeover && { server_no_context_takeover: true }),
      ...(clientNoContextTakeover && { client_no_context_takeover: true }),
      ...(serverMaxWindowBits && { server_max_window_bits: serverMaxWindowBits }),
      ...(clientMaxWindowBits !== false && { client_max_window_bits: clientMaxWindowBits ?? true }),
    };
  }

  /**
   * Accepts the client's offers as the server, or the server's answer as the client.
   * @returns the parameters in use: the server's answer
   * @throws Error when none of them is acceptable
   */
  accept(configurations: readonly ExtensionParams[]): Params {
    const offers = configurations.map((params) => this.#normalize(params));
    this.params = this._isServer ? this.#acceptOffer(offers) : this.#acceptAnswer(offers);
    this.#deflation = this.#compressor.agree(agreementOf(this.params));
    return this.params;
  }

  /** Breaks off what is under way. */
  cleanup(): void {
    // A callback may have something new done.
    for (const job of [...this.#jobs]) {
      const { kind, callback } = job;
      if (!this.#jobs.delete(job)) continue;
      callback(new Error(`The ${kind} stream was closed while data was being processed`));
    }
  }

  /** Compresses a message, or a fragment of one; one at a time. */
  compress(data: unknown, fin: boolean, callback: Callback): void {
    const bytes = toBuffer(data);
    const isWhole = fin && !this.#isFragmenting;
    this.#isFragmenting = !fin;
    this.#run('deflate', callback, (done) => {
      const finish = (deflated: Uint8Array | null): void => {
        if (deflated === null) {
          done(new Error('memory does not suffice to compress the message'));
        } else {
          this.#deflation!.sent(bytes, deflated);
          done(null, toBuffer(deflated));
        }
      };
      if (isWhole) this.#deflation!.deflateLater(bytes, finish);
      else finish(this.#deflation!.deflateFragment(bytes, fin));
    });
  }

  /** Inflates a message: its last fragment gives all of it, those before nothing. */
  decompress(data: Buffer, fin: boolean, callback: Callback): void {
    this.#fragments.push(data);
    if (!fin) {
      this.#run('inflate', callback, (done) => done(null, EMPTY_BUFFER));
      return;
    }
    const whole = Buffer.concat(this.#fragments);
    this.#fragments = [];
    const maxBytes = this._maxPayload > 0 ? this._maxPayload : Number.MAX_SAFE_INTEGER;
    this.#run('inflate', callback, (done) => {
      this.#deflation!.inflateLater(whole, maxBytes, (inflated) => {
        if (typeof inflated === 'string') done(toError({ code: inflated satisfies ViolationCode, value: 0 }));
        else done(null, toBuffer(inflated));
      });
    });
  }

  #run(kind: Job['kind'], callback: Callback, work: (done: Callback) => void): void {
    const job = { kind, callback };
    this.#jobs.add(job);
    setImmediate(() =>
      work((error, data) => {
        if (!this.#jobs.delete(job)) return;
        callback(error, data);
      }),
    );
  }

  #acceptOffer(offers: readonly Params[]): Params {
    const options = this._options;
    const accepted = offers.find((offer) => isAcceptable(offer, options));
    if (accepted === undefined) throw new Error('None of the extension offers can be accepted');
    if (options.serverNoContextTakeover) accepted.server_no_context_takeover = true;
    if (options.clientNoContextTakeover) accepted.client_no_context_takeover = true;
    if (typeof options.serverMaxWindowBits === 'number') {
      accepted.server_max_window_bits = options.serverMaxWindowBits;
    }
    if (typeof options.clientMaxWindowBits === 'number') {
      accepted.client_max_window_bits = options.clientMaxWindowBits;
    } else if (accepted.client_max_window_bits === true || options.clientMaxWindowBits === false) {
      delete accepted.client_max_window_bits;
    }
    return accepted;
  }

  #acceptAnswer([answer = {}]: readonly Params[]): Params {
    const { clientNoContextTakeover, clientMaxWindowBits } = this._options;
    if (clientNoContextTakeover === false && answer.client_no_context_takeover) {
      throw new Error('Unexpected parameter "client_no_context_takeover"');
    }
    const answered = answer.client_max_window_bits;
    if (answered === undefined) {
      if (typeof clientMaxWindowBits === 'number') answer.client_max_window_bits = clientMaxWindowBits;
    } else if (clientMaxWindowBits === false || isBelow(clientMaxWindowBits, answered)) {
      throw new Error('Unexpected or invalid parameter "client_max_window_bits"');
    }
    return answer;
  }

  #normalize(offer: ExtensionParams): Params {
    const params = Object.create(Object.getPrototypeOf(offer)) as Params;
    for (const [name, values] of Object.entries(offer)) {
      if (values.length > 1) throw new Error(`Parameter "${name}" must have only a single value`);
      params[name] = this.#normalizeValue(name, values[0]!);
    }
    return params;
  }

  #normalizeValue(name: string, value: string | true): number | true {
    switch (name) {
      case 'client_no_context_takeover':
      case 'server_no_context_takeover':
        if (value === true) return value;
        break;
      case 'client_max_window_bits':
      case 'server_max_window_bits': {
        // Only a client may offer its own window without saying how large.
        if (value === true && this._isServer && name === 'client_max_window_bits') return value;
        const bits = Number(value);
        const isValid = Number.isInteger(bits) && bits >= MIN_WINDOW_BITS && bits <= MAX_WINDOW_BITS;
        if (value !== true && isValid) return bits;
        break;
      }
      default:
        throw new Error(`Unknown parameter "${name}"`);
    }
    throw new TypeError(`Invalid value for parameter "${name}": ${value}`);
  }
}

function isAcceptable(offer: Params, options: PerMessageDeflateOptions): boolean {
  const { serverNoContextTakeover, serverMaxWindowBits, clientMaxWindowBits } = options;
  if (serverNoContextTakeover === false && offer.server_no_context_takeover) return false;
  const serverBits = offer.server_max_window_bits;
  if (serverBits !== undefined && (serverMaxWindowBits === false || isBelow(serverBits, serverMaxWindowBits)))
    return false;
  // A client that does not offer the parameter, or less than we ask for, cannot be held to ours.
  const clientBits = offer.client_max_window_bits;
  const isClientHeld = clientBits !== undefined && !isBelow(clientBits, clientMaxWindowBits);
  return typeof clientMaxWindowBits !== 'number' || isClientHeld;
}

function isBelow(bits: unknown, limit: unknown): boolean {
  return typeof bits === 'number' && typeof limit === 'number' && bits < limit;
}

function agreementOf(params: Params): DeflateAgreement {
  return {
    serverNoContextTakeover: params.server_no_context_takeover === true,
    clientNoContextTakeover: params.client_no_context_takeover === true,
    serverMaxWindowBits: Number(params.server_max_window_bits ?? MAX_WINDOW_BITS),
    clientMaxWindowBits: Number(params.client_max_window_bits ?? MAX_WINDOW_BITS),
  };
}

/** As `ws` counts: what no number of jobs comes to is no bound. */
function maxJobs({ concurrencyLimit = 10 }: PerMessageDeflateOptions): number {
  return concurrencyLimit > 0 ? concurrencyLimit : Number.POSITIVE_INFINITY;
}

/** Window, flushing and dictionary are the extension's own. */
function zlibOptions({ zlibDeflateOptions }: PerMessageDeflateOptions): CompressionSettings['zlib'] {
  const { level, memLevel, strategy } = zlibDeflateOptions ?? {};
  return {
    ...(level !== undefined && { level }),
    ...(memLevel !== undefined && { memLevel }),
    ...(strategy !== undefined && { strategy }),
  };
}
