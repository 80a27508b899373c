import { Violation } from '../frame.mjs';
import { Deflater } from './deflater.mjs';
import { Inflater } from './inflater.mjs';

const NAME = 'permessage-deflate';
const TOKEN = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/.source;
const PARAM = new RegExp(`^\\s*(${TOKEN})(?:\\s*=\\s*(?:(${TOKEN})|"(${TOKEN})"))?\\s*$`);
const BITS = /^(?:[89]|1[0-5])$/;

/** What a subject offers or answers is not what RFC 7692 asks for; the case cannot be run. */
export class Unimplemented extends Error {}

/**
 * Read a Sec-WebSocket-Extensions field, RFC 6455 9.1; throws a {@link Violation}.
 *
 * @returns `[{ name, params: Map, isRepetitive }]`, a parameter without a value being `true`
 */
export function parseExtensions(value) {
  return value.split(',').map((element) => {
    const [name, ...parts] = element.split(';').map((part) => PARAM.exec(part));
    if (!name || name[2] !== undefined || name[3] !== undefined || parts.includes(null)) {
      throw new Violation(`"${element}" is no extension (9.1)`);
    }
    const entries = parts.map(([, key, token, quoted]) => [key, token ?? quoted ?? true]);
    const params = new Map(entries);
    return { name: name[1], params, isRepetitive: params.size < entries.length };
  });
}

/**
 * Judge what a server answered to our offers, RFC 7692 7.1; throws a {@link Violation} when it may not, and
 * {@link Unimplemented} when it declines.
 *
 * @param offers - the value of our field
 * @param answers - the values of the response's field
 * @returns the parameters agreed on
 */
export function judgeAnswer(offers, answers) {
  if (answers === undefined) throw new Unimplemented(`declines "${offers}"`);
  const [answer, ...others] = parseExtensions(answers.join(','));
  if (others.length > 0) throw new Violation('answers with more than one extension (RFC 7692 5.1)');
  if (answer.name !== NAME)
    throw new Violation(`accepts the extension "${answer.name}", which was not offered`);
  checkParams(answer);
  if (answer.params.get('client_max_window_bits') === true) {
    throw new Violation('answers client_max_window_bits without a value (RFC 7692 7.1.2.2)');
  }
  const candidates = parseExtensions(offers).filter((offer) => offer.name === NAME && isUsable(offer));
  const problems = candidates.map(({ params }) => misfit(params, answer.params));
  if (!problems.includes(undefined))
    throw new Violation(problems[0] ?? 'accepts an offer that it has to decline');
  return agreementOf(answer.params);
}

/**
 * Choose an answer to a client's offers: `wanted` and whatever the offer demands.
 *
 * @param offers - the values of the request's field, or undefined
 * @param wanted - parameters as they stand in the field, without the name; those only that the offer lets a server
 *   choose
 * @returns `{ answer, agreement }`
 */
export function answerOffers(offers, wanted) {
  const offered = parseExtensions(offers?.join(',') ?? 'none').find(({ name }) => name === NAME);
  if (offered === undefined) throw new Unimplemented('offers no permessage-deflate');
  checkParams(offered);
  const answer = `${NAME}${wanted === '' ? '' : `; ${wanted}`}`;
  const { params } = parseExtensions(answer)[0];
  if (offered.params.has('server_no_context_takeover')) params.set('server_no_context_takeover', true);
  const limit = Number(offered.params.get('server_max_window_bits') ?? 15);
  if (limit < Number(params.get('server_max_window_bits') ?? 16) && limit < 15)
    params.set('server_max_window_bits', String(limit));
  const problem = misfit(offered.params, params);
  if (problem !== undefined)
    throw new Unimplemented(`an offer that leaves no room for "${wanted}": ${problem}`);
  const agreement = agreementOf(params);
  // 7.1.1.2: a client that announces it does so, whether the server answers it or not.
  if (offered.params.has('client_no_context_takeover')) agreement.client.takesOver = false;
  return { answer: formatAnswer(params), agreement };
}

/** Both ends of the extension for us: `plays` is `client` or `server`. */
export function openDeflate(agreement, plays) {
  const other = plays === 'client' ? 'server' : 'client';
  return { deflater: new Deflater(agreement[plays]), inflater: new Inflater(agreement[other]) };
}

function agreementOf(params) {
  return {
    server: sideOf(params, 'server'),
    client: sideOf(params, 'client'),
  };
}

function sideOf(params, side) {
  return {
    windowBits: Number(params.get(`${side}_max_window_bits`) ?? 15),
    takesOver: !params.has(`${side}_no_context_takeover`),
  };
}

function formatAnswer(params) {
  const parts = [...params].map(([key, value]) => (value === true ? key : `${key}=${value}`));
  return [NAME, ...parts].join('; ');
}

/** Why an answer does not fit an offer, RFC 7692 7.1.1 and 7.1.2; undefined when it does. */
function misfit(offer, answer) {
  if (offer.has('server_no_context_takeover') && !answer.has('server_no_context_takeover')) {
    return 'server_no_context_takeover was asked for and is not confirmed (RFC 7692 7.1.1.1)';
  }
  const serverBits = offer.get('server_max_window_bits');
  if (serverBits !== undefined && !(Number(answer.get('server_max_window_bits')) <= Number(serverBits))) {
    return `server_max_window_bits=${serverBits} was asked for and is not confirmed (RFC 7692 7.1.2.1)`;
  }
  const clientBits = offer.get('client_max_window_bits');
  const limit = answer.get('client_max_window_bits');
  if (limit !== undefined && clientBits === undefined) {
    return 'client_max_window_bits was not offered (RFC 7692 7.1.2.2)';
  }
  if (limit !== undefined && clientBits !== true && Number(limit) > Number(clientBits)) {
    return `client_max_window_bits=${limit} is more than was offered (RFC 7692 7.1.2.2)`;
  }
  return undefined;
}

function isUsable(offer) {
  try {
    checkParams(offer);
    return true;
  } catch {
    return false;
  }
}

function checkParams({ params, isRepetitive }) {
  if (isRepetitive) throw new Violation('repeats a parameter (RFC 7692 7.1)');
  for (const [name, value] of params) {
    const isFlag = /^(?:server|client)_no_context_takeover$/.test(name) && value === true;
    const isBits = /^(?:server|client)_max_window_bits$/.test(name) && BITS.test(value);
    const isHint = name === 'client_max_window_bits' && value === true;
    if (!isFlag && !isBits && !isHint) {
      throw new Violation(
        `"${name}${value === true ? '' : `=${value}`}" is no parameter of it (RFC 7692 7.1)`,
      );
    }
  }
}
