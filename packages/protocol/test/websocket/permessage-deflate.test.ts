import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatExtensions, parseExtensions } from '../../src/websocket/header-fields.ts';
import {
  acceptDeflateOffer,
  type DeflateAgreement,
  offerDeflate,
  readDeflateAnswer,
} from '../../src/websocket/permessage-deflate.ts';

/** No wishes: both sides keep their window, of 32 KiB. */
const ANY: DeflateAgreement = Object.freeze({
  serverNoContextTakeover: false,
  clientNoContextTakeover: false,
  serverMaxWindowBits: 15,
  clientMaxWindowBits: 15,
});

/** What the server answers to a header value, as a header value. */
function answer(header: string, wanted: Partial<DeflateAgreement> = {}): string | null {
  const acceptance = acceptDeflateOffer(parseExtensions(header)!, { ...ANY, ...wanted });
  return acceptance && formatExtensions([acceptance.extension]);
}

/** What the server takes for agreed. */
function agreed(header: string, wanted: Partial<DeflateAgreement> = {}): DeflateAgreement | undefined {
  return acceptDeflateOffer(parseExtensions(header)!, { ...ANY, ...wanted })?.agreement;
}

/** What the client takes for agreed. */
function read(header: string, wanted: Partial<DeflateAgreement> = {}): DeflateAgreement | null {
  return readDeflateAnswer(parseExtensions(header)!, { ...ANY, ...wanted });
}

const bits = fc.integer({ min: 8, max: 15 });
const wish = fc.record({
  serverNoContextTakeover: fc.boolean(),
  clientNoContextTakeover: fc.boolean(),
  serverMaxWindowBits: bits,
  clientMaxWindowBits: bits,
});

describe('RFC 7692 7.1 permessage-deflate offers', () => {
  it.each([
    ['permessage-deflate', 'permessage-deflate'],
    ['permessage-deflate; client_max_window_bits', 'permessage-deflate'],
    ['permessage-deflate; server_no_context_takeover', 'permessage-deflate; server_no_context_takeover'],
    ['permessage-deflate; client_no_context_takeover', 'permessage-deflate; client_no_context_takeover'],
    ['permessage-deflate; server_max_window_bits=10', 'permessage-deflate; server_max_window_bits=10'],
    ['permessage-deflate; server_max_window_bits=15', 'permessage-deflate; server_max_window_bits=15'],
    ['permessage-deflate; client_max_window_bits=9', 'permessage-deflate; client_max_window_bits=9'],
    ['x-other, permessage-deflate', 'permessage-deflate'],
    ['permessage-deflate; x=1, permessage-deflate', 'permessage-deflate'],
  ])('server without wishes answers "%s" with "%s"', (offer, expected) => {
    expect(answer(offer)).toBe(expected);
  });

  it.each([
    ['serverMaxWindowBits', 11, 'permessage-deflate', 'permessage-deflate; server_max_window_bits=11'],
    [
      'serverMaxWindowBits',
      11,
      'permessage-deflate; server_max_window_bits=9',
      'permessage-deflate; server_max_window_bits=9',
    ],
    [
      'serverMaxWindowBits',
      9,
      'permessage-deflate; server_max_window_bits=11',
      'permessage-deflate; server_max_window_bits=9',
    ],
    ['clientMaxWindowBits', 11, 'permessage-deflate', 'permessage-deflate'],
    [
      'clientMaxWindowBits',
      11,
      'permessage-deflate; client_max_window_bits',
      'permessage-deflate; client_max_window_bits=11',
    ],
    [
      'clientMaxWindowBits',
      11,
      'permessage-deflate; client_max_window_bits=9',
      'permessage-deflate; client_max_window_bits=9',
    ],
    [
      'clientMaxWindowBits',
      9,
      'permessage-deflate; client_max_window_bits=11',
      'permessage-deflate; client_max_window_bits=9',
    ],
    ['serverNoContextTakeover', true, 'permessage-deflate', 'permessage-deflate; server_no_context_takeover'],
    ['clientNoContextTakeover', true, 'permessage-deflate', 'permessage-deflate; client_no_context_takeover'],
  ])('server that wants %s %s answers "%s" with "%s"', (name, value, offer, expected) => {
    expect(answer(offer, { [name]: value })).toBe(expected);
  });

  it('server cannot limit the window of a client that did not offer it', () => {
    expect(agreed('permessage-deflate', { clientMaxWindowBits: 9 })?.clientMaxWindowBits).toBe(15);
  });

  it.each([
    '',
    'x-other',
    'permessage-deflate; x=1',
    'permessage-deflate; server_no_context_takeover=1',
    'permessage-deflate; client_no_context_takeover=true',
    'permessage-deflate; server_max_window_bits',
    'permessage-deflate; server_max_window_bits=7',
    'permessage-deflate; server_max_window_bits=16',
    'permessage-deflate; server_max_window_bits=08',
    'permessage-deflate; server_max_window_bits=1e1',
    'permessage-deflate; client_max_window_bits=100',
    'permessage-deflate; client_max_window_bits=a',
    'permessage-deflate; client_no_context_takeover; client_no_context_takeover',
  ])('server declines "%s"', (offer) => {
    expect(acceptDeflateOffer(offer === '' ? [] : parseExtensions(offer)!, ANY)).toBeNull();
  });

  it.each([
    [{}, 'permessage-deflate; client_max_window_bits'],
    [
      { serverNoContextTakeover: true },
      'permessage-deflate; server_no_context_takeover; client_max_window_bits',
    ],
    [
      { clientNoContextTakeover: true },
      'permessage-deflate; client_no_context_takeover; client_max_window_bits',
    ],
    [{ serverMaxWindowBits: 10 }, 'permessage-deflate; server_max_window_bits=10; client_max_window_bits'],
    [{ clientMaxWindowBits: 10 }, 'permessage-deflate; client_max_window_bits=10'],
  ])('client that wants %j offers "%s"', (wanted, offer) => {
    expect(formatExtensions([offerDeflate({ ...ANY, ...wanted })])).toBe(offer);
  });
});

describe('RFC 7692 7.1 permessage-deflate answers', () => {
  it.each([
    ['permessage-deflate', {}, {}],
    ['permessage-deflate; server_max_window_bits=9', {}, { serverMaxWindowBits: 9 }],
    ['permessage-deflate; client_max_window_bits=9', {}, { clientMaxWindowBits: 9 }],
    [
      'permessage-deflate; client_max_window_bits=12',
      { clientMaxWindowBits: 10 },
      { clientMaxWindowBits: 10 },
    ],
    ['permessage-deflate', { clientNoContextTakeover: true }, { clientNoContextTakeover: true }],
    ['permessage-deflate; client_no_context_takeover', {}, { clientNoContextTakeover: true }],
    ['permessage-deflate; server_no_context_takeover', {}, { serverNoContextTakeover: true }],
  ])('client reads "%s" under the wish %j', (header, wanted, expected) => {
    expect(read(header, wanted)).toEqual({ ...ANY, ...expected });
  });

  it.each([
    ['permessage-deflate', { serverNoContextTakeover: true }],
    ['permessage-deflate', { serverMaxWindowBits: 10 }],
    ['permessage-deflate; server_max_window_bits=11', { serverMaxWindowBits: 10 }],
    ['permessage-deflate; client_max_window_bits', {}],
    ['permessage-deflate; x', {}],
    ['permessage-deflate, permessage-deflate', {}],
  ])('client rejects "%s" under the wish %j', (header, wanted) => {
    expect(read(header, wanted)).toBeNull();
  });

  it('client rejects an answer of no extension', () => {
    expect(readDeflateAnswer([], ANY)).toBeNull();
  });

  it('client and server agree on the same, within the limits of both', () => {
    fc.assert(
      fc.property(wish, wish, (client, server) => {
        const offer = parseExtensions(formatExtensions([offerDeflate(client)]))!;
        const { extension, agreement } = acceptDeflateOffer(offer, server)!;
        expect(readDeflateAnswer([extension], client)).toEqual(agreement);
        expect(agreement.serverMaxWindowBits).toBe(
          Math.min(client.serverMaxWindowBits, server.serverMaxWindowBits),
        );
        expect(agreement.clientMaxWindowBits).toBe(
          Math.min(client.clientMaxWindowBits, server.clientMaxWindowBits),
        );
      }),
      { numRuns: 100 },
    );
  });
});
