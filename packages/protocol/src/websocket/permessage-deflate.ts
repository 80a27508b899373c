import type { ExtensionOffer } from './header-fields.ts';

/** The extension's name on the wire (RFC 7692 section 7). */
export const PERMESSAGE_DEFLATE = 'permessage-deflate';

/** What DEFLATE allows: windows of 256 bytes to 32 KiB (RFC 7692 section 7.1.2). */
const MIN_WINDOW_BITS = 8;
const MAX_WINDOW_BITS = 15;

const PARAMETERS = [
  'server_no_context_takeover',
  'client_no_context_takeover',
  'server_max_window_bits',
  'client_max_window_bits',
];

/** What both ends agreed on (RFC 7692 section 7.1). */
export interface DeflateAgreement {
  /** The server begins each message with an empty window, and so keeps no state between two. */
  readonly serverNoContextTakeover: boolean;
  /** So does the client. */
  readonly clientNoContextTakeover: boolean;
  /** Base-2 logarithm of the server's window, 8 to 15. */
  readonly serverMaxWindowBits: number;
  /** Base-2 logarithm of the client's window, 8 to 15. */
  readonly clientMaxWindowBits: number;
}

/** A server's answer to an offer: what to send, and what it means. */
export interface DeflateAcceptance {
  readonly extension: ExtensionOffer;
  readonly agreement: DeflateAgreement;
}

/** The parameters of one offer or answer; `undefined` where it has none, `true` where it has no value. */
interface DeflateParams {
  readonly serverNoContextTakeover: boolean;
  readonly clientNoContextTakeover: boolean;
  readonly serverMaxWindowBits: number | undefined;
  readonly clientMaxWindowBits: number | true | undefined;
}

/**
 * Chooses the first of the client's offers that the server can keep to, as the server.
 *
 * @param offers - all that `Sec-WebSocket-Extensions` lists, in order of preference
 * @param wanted - the server's own limits; an offer can only lower them
 * @returns `null` when there is no acceptable offer: the connection goes on without compression
 * @see RFC 7692 sections 5.1 and 7.1
 */
export function acceptDeflateOffer(
  offers: readonly ExtensionOffer[],
  wanted: DeflateAgreement,
): DeflateAcceptance | null {
  for (const offer of offers) {
    if (offer.name !== PERMESSAGE_DEFLATE) continue;
    const params = parseParams(offer);
    if (params !== null) return answerOffer(params, wanted);
  }
  return null;
}

/** Returns the client's offer (RFC 7692 section 7.1). */
export function offerDeflate(wanted: DeflateAgreement): ExtensionOffer {
  const params: [string, string | true][] = [];
  if (wanted.serverNoContextTakeover) params.push(['server_no_context_takeover', true]);
  if (wanted.clientNoContextTakeover) params.push(['client_no_context_takeover', true]);
  if (wanted.serverMaxWindowBits < MAX_WINDOW_BITS) {
    params.push(['server_max_window_bits', String(wanted.serverMaxWindowBits)]);
  }
  // 7.1.2.2: without it the server could not limit our window.
  const clientBits = wanted.clientMaxWindowBits;
  params.push(['client_max_window_bits', clientBits < MAX_WINDOW_BITS ? String(clientBits) : true]);
  return { name: PERMESSAGE_DEFLATE, params };
}

/**
 * Judges the server's answer as the client.
 *
 * @param wanted - what {@link offerDeflate} offered
 * @returns `null` when the answer does not fit the offer, and the client must fail the connection
 * @see RFC 7692 sections 5.1 and 7.1
 */
export function readDeflateAnswer(
  extensions: readonly ExtensionOffer[],
  wanted: DeflateAgreement,
): DeflateAgreement | null {
  const [answer, ...others] = extensions;
  if (answer === undefined || others.length > 0) return null;
  const params = parseParams(answer);
  if (params === null || params.clientMaxWindowBits === true) return null;
  const serverBits = params.serverMaxWindowBits ?? MAX_WINDOW_BITS;
  // 7.1.1.1 and 7.1.2.1: what we asked the server for, it must confirm.
  if (wanted.serverNoContextTakeover && !params.serverNoContextTakeover) return null;
  if (serverBits > wanted.serverMaxWindowBits) return null;
  return {
    serverNoContextTakeover: params.serverNoContextTakeover,
    clientNoContextTakeover: wanted.clientNoContextTakeover || params.clientNoContextTakeover,
    serverMaxWindowBits: serverBits,
    clientMaxWindowBits: Math.min(wanted.clientMaxWindowBits, params.clientMaxWindowBits ?? MAX_WINDOW_BITS),
  };
}

function answerOffer(params: DeflateParams, wanted: DeflateAgreement): DeflateAcceptance {
  const serverBits = Math.min(wanted.serverMaxWindowBits, params.serverMaxWindowBits ?? MAX_WINDOW_BITS);
  const clientBits = limitClientWindow(params.clientMaxWindowBits, wanted.clientMaxWindowBits);
  const agreement: DeflateAgreement = {
    serverNoContextTakeover: wanted.serverNoContextTakeover || params.serverNoContextTakeover,
    clientNoContextTakeover: wanted.clientNoContextTakeover || params.clientNoContextTakeover,
    serverMaxWindowBits: serverBits,
    clientMaxWindowBits: clientBits,
  };
  const answer: [string, string | true][] = [];
  if (agreement.serverNoContextTakeover) answer.push(['server_no_context_takeover', true]);
  if (agreement.clientNoContextTakeover) answer.push(['client_no_context_takeover', true]);
  if (params.serverMaxWindowBits !== undefined || serverBits < MAX_WINDOW_BITS) {
    answer.push(['server_max_window_bits', String(serverBits)]);
  }
  if (clientBits < MAX_WINDOW_BITS) answer.push(['client_max_window_bits', String(clientBits)]);
  return { extension: { name: PERMESSAGE_DEFLATE, params: answer }, agreement };
}

/** RFC 7692 7.1.2.2: a client that does not offer the parameter cannot be limited. */
function limitClientWindow(offered: number | true | undefined, wantedBits: number): number {
  if (offered === undefined) return MAX_WINDOW_BITS;
  return offered === true ? wantedBits : Math.min(offered, wantedBits);
}

/** RFC 7692 7.1: an unknown, repeated or ill-valued parameter makes the whole element unusable. */
function parseParams({ params }: ExtensionOffer): DeflateParams | null {
  const values = new Map(params);
  if (values.size < params.length) return null;
  const server = values.get('server_no_context_takeover');
  const client = values.get('client_no_context_takeover');
  const serverBits = parseBits(values.get('server_max_window_bits'));
  const clientBits = parseBits(values.get('client_max_window_bits'));
  for (const name of PARAMETERS) values.delete(name);
  const isUsable =
    values.size === 0 &&
    typeof server !== 'string' &&
    typeof client !== 'string' &&
    // Only the client's window may be offered without saying how large.
    serverBits !== true &&
    serverBits !== null &&
    clientBits !== null;
  if (!isUsable) return null;
  return {
    serverNoContextTakeover: server === true,
    clientNoContextTakeover: client === true,
    serverMaxWindowBits: serverBits,
    clientMaxWindowBits: clientBits,
  };
}

/** Returns the number, `true` and `undefined` as they are, or `null` for what is none of these. */
function parseBits(value: string | true | undefined): number | true | undefined | null {
  if (typeof value !== 'string') return value;
  const bits = /^[1-9]\d?$/.test(value) ? Number(value) : 0;
  return bits >= MIN_WINDOW_BITS && bits <= MAX_WINDOW_BITS ? bits : null;
}
