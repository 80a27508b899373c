import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';

const NAME = 'permessage-deflate';
const WINDOW = 32_768;
/** What the sender leaves out, and a last block, which has to be reached. */
const TAIL = Buffer.from('0000ffff010000ffff', 'hex');
const NUMBER = /^([89]|1[0-5])$/;

/** permessage-deflate for the reference endpoint, after RFC 7692, apart from the suite's own. */
export class ReferenceDeflate {
  #flaws;
  #maxBytes;
  #own;
  #peer;
  #sent = Buffer.alloc(0);
  #received = Buffer.alloc(0);

  /**
   * @param params - agreed on, as a Map
   * @param given.role - ours
   */
  constructor(params, { role, flaws, maxBytes }) {
    const other = role === 'server' ? 'client' : 'server';
    this.#flaws = flaws;
    this.#maxBytes = maxBytes;
    this.#own = sideOf(params, role);
    this.#peer = sideOf(params, other);
  }

  deflate(data) {
    const hasContext = this.#own.takesOver || this.#flaws.includes('keeps-its-context');
    const bits = this.#flaws.includes('ignores-its-window') ? 15 : Math.min(15, Math.max(9, this.#own.bits));
    const deflated = deflateRawSync(data, {
      windowBits: bits,
      finishFlush: constants.Z_SYNC_FLUSH,
      ...(hasContext && this.#sent.length > 0 && { dictionary: this.#sent }),
    });
    this.#sent = Buffer.concat([this.#sent, data]).subarray(-WINDOW);
    return this.#flaws.includes('keeps-the-tail') ? deflated : deflated.subarray(0, -4);
  }

  /** Returns the message, or the close code to fail with. */
  inflate(data) {
    const isLenient = this.#flaws.includes('accepts-cut-off-blocks');
    let input = Buffer.concat([data, TAIL]);
    let output = Buffer.alloc(0);
    const isKept = this.#peer.takesOver && !this.#flaws.includes('forgets-context');
    const history = isKept ? this.#received : Buffer.alloc(0);
    try {
      while (input.length > 0) {
        const dictionary = Buffer.concat([history, output]).subarray(-WINDOW);
        const { buffer, engine } = inflateRawSync(input, {
          info: true,
          maxOutputLength: this.#maxBytes + 1,
          ...(dictionary.length > 0 && { dictionary }),
          ...(isLenient && { finishFlush: constants.Z_SYNC_FLUSH }),
        });
        output = Buffer.concat([output, buffer]);
        input = this.#flaws.includes('stops-at-last-blocks')
          ? input.subarray(input.length)
          : input.subarray(engine.bytesWritten);
      }
    } catch (error) {
      return error.code === 'ERR_BUFFER_TOO_LARGE' ? 1009 : 1007;
    }
    if (output.length > this.#maxBytes) return 1009;
    this.remember(output);
    return output;
  }

  /** Takes in what the peer may refer to. */
  remember(data) {
    this.#received = Buffer.concat([this.#received, data]).subarray(-WINDOW);
  }
}

/** What the client asks for. */
export const OFFER = `${NAME}; client_max_window_bits`;

/** Choose an offer; returns `{ params, value }`, or undefined where none can be kept. */
export function chooseOffer(values, flaws) {
  const offers = flaws.includes('reads-one-offer')
    ? values.join(',').split(',').slice(0, 1)
    : values.join(',').split(',');
  for (const offer of offers) {
    const params = paramsOf(offer, flaws);
    if (params === undefined) continue;
    if (params.get('client_max_window_bits') === '') params.delete('client_max_window_bits');
    if (flaws.includes('confirms-nothing')) return { params, value: NAME };
    const parts = [...params].map(([name, value]) => (value === '' ? name : `${name}=${value}`));
    return { params, value: [NAME, ...parts].join('; ') };
  }
  return undefined;
}

/** Read a server's answer to {@link OFFER}; undefined where it has to be refused. */
export function readAnswer(values, flaws) {
  const answer = values.join(',');
  const params = answer.includes(',') ? undefined : paramsOf(answer, flaws);
  return params?.get('client_max_window_bits') === '' ? undefined : params;
}

function paramsOf(element, flaws) {
  const [name, ...parts] = element.split(';').map((part) => part.trim());
  if (name !== NAME) return undefined;
  const params = new Map();
  for (const part of parts) {
    const [key, ...rest] = part.split('=').map((word) => word.trim());
    const value = rest.join('=').replace(/^"(.*)"$/, '$1');
    const isRight =
      rest.length === 0 ? isFlag(key) || key === 'client_max_window_bits' : isBits(key) && NUMBER.test(value);
    if ((!isRight || params.has(key)) && !flaws.includes('accepts-any-parameter')) return undefined;
    params.set(key, value);
  }
  return params;
}

const isFlag = (key) => /^(client|server)_no_context_takeover$/.test(key);
const isBits = (key) => /^(client|server)_max_window_bits$/.test(key);

function sideOf(params, side) {
  return {
    bits: Number(params.get(`${side}_max_window_bits`) || 15),
    takesOver: !params.has(`${side}_no_context_takeover`),
  };
}
