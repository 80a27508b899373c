import { judgeAnswer } from '../../../conformance/suite/deflate/agreement.mjs';
import { attempt, expectSame, expectTrue, Finding } from '../finding.mjs';
import { cut, drawCuts } from '../frames.mjs';
import { makeNatives } from '../machine.mjs';

const MAX_HEAD_BYTES = 2000;
const EMPTY_LINE = '\r\n\r\n';

const NAMES = [
  'Host',
  'Upgrade',
  'Connection',
  'Sec-WebSocket-Key',
  'Sec-WebSocket-Version',
  'Sec-WebSocket-Protocol',
  'Sec-WebSocket-Extensions',
  'Origin',
  'Cookie',
  'X-A',
  '__proto__',
  'constructor',
  '',
  'x y',
];
const VALUES = [
  'websocket',
  'Upgrade',
  'keep-alive, Upgrade',
  'dGhlIHNhbXBsZSBub25jZQ==',
  '13',
  '8',
  'chat, superchat',
  'permessage-deflate',
  'x; a="b, c"; d',
  '',
  'a,,b',
  '"',
  ';',
  '=',
  'é',
  '\u0000',
  '\t',
  'a b',
  'permessage-deflate; server_max_window_bits=10',
];
const PARAMETERS = [
  'server_no_context_takeover',
  'client_no_context_takeover',
  'server_max_window_bits',
  'client_max_window_bits',
  'x',
];

/** Everything that reads the opening handshake: heads in any pieces, judged as server and as client. */
export const handshakeTarget = {
  name: 'handshake',

  generate(random) {
    const head = drawHead(random);
    return {
      head: Buffer.from(head, 'latin1').toString('hex'),
      cuts: drawCuts(random),
      extensions: Buffer.from(drawExtensions(random)).toString('hex'),
      server: drawWanted(random),
      client: drawWanted(random),
    };
  },

  check({ head, cuts, extensions, ...wanted }, subject) {
    const server = inRange(wanted.server);
    const client = inRange(wanted.client);
    const bytes = Buffer.from(head, 'hex');
    const request = attempt('RequestHeadReader', () => checkHead(subject, bytes, cuts));
    if (request !== undefined) attempt('judgeRequest', () => checkJudges(subject, request));
    attempt('parseExtensions', () =>
      checkExtensions(subject, Buffer.from(extensions, 'hex').toString('latin1'), server),
    );
    attempt('permessage-deflate', () => checkAgreement(subject, server, client));
  },
};

function drawHead(random) {
  const line = random.pick([
    'GET / HTTP/1.1',
    'GET /chat?a=b HTTP/1.1',
    'POST / HTTP/1.1',
    'GET / HTTP/1.0',
    'GET  / HTTP/1.1',
    'GET',
    '',
    'G\u0000T / HTTP/1.1',
  ]);
  const fields = random.list(
    12,
    () => `${random.pick(NAMES)}${random.pick([':', ': ', ':\t', ' :', ''])}${random.pick(VALUES)}`,
  );
  const full = [
    'Host: a',
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version: 13',
  ];
  const lines = [line, ...(random.oneIn(2) ? full : []), ...fields];
  if (random.oneIn(12)) lines.push(`X-Long: ${'x'.repeat(random.below(2500))}`);
  const end = random.oneIn(8) ? random.pick(['', '\r\n', '\n\n', '\r\r']) : EMPTY_LINE;
  const rest = random.oneIn(3) ? random.bytes(random.below(40)).toString('latin1') : '';
  return lines.join(random.oneIn(12) ? '\n' : '\r\n') + end + rest;
}

function drawExtensions(random) {
  return random
    .list(4, () =>
      [
        random.pick(['permessage-deflate', 'x-a', '', '"', 'a b']),
        ...random.list(3, () => drawParameter(random)),
      ].join(random.pick([';', '; '])),
    )
    .join(random.pick([',', ', ', ',,']));
}

function drawParameter(random) {
  const value = random.pick([
    '',
    '=',
    '=8',
    '=15',
    '=16',
    '=08',
    '="9"',
    '="',
    '=a"b',
    '="a,b"',
    '="\\1\\0"',
    '= 10 ',
  ]);
  return random.pick(PARAMETERS) + value;
}

/** Windows from 8 bits on, so that every smaller input is an input as well. */
function drawWanted(random) {
  return {
    serverNoContextTakeover: random.oneIn(2),
    clientNoContextTakeover: random.oneIn(2),
    serverMaxWindowBits: random.below(8),
    clientMaxWindowBits: random.below(8),
  };
}

function inRange(wanted) {
  const { serverMaxWindowBits, clientMaxWindowBits } = wanted;
  return {
    ...wanted,
    serverMaxWindowBits: 8 + serverMaxWindowBits,
    clientMaxWindowBits: 8 + clientMaxWindowBits,
  };
}

/** Returns the head, if there is one. */
function checkHead({ RequestHeadReader }, bytes, cuts) {
  const read = (chunks) => {
    const reader = new RequestHeadReader(makeNatives(), MAX_HEAD_BYTES);
    for (const [i, chunk] of chunks.entries()) {
      const result = reader.read(chunk);
      if (result === null) continue;
      if ('status' in result) return result;
      const rest = Buffer.concat([result.rest, ...chunks.slice(i + 1)]);
      return { head: result.head, rest: rest.toString('hex') };
    }
    return null;
  };
  const whole = read([Buffer.from(bytes)]);
  const end = bytes.indexOf(EMPTY_LINE);
  // In one piece a head that is too long and not complete is known earlier than in several.
  expectSame('any chunking gives the same head', read(cut(bytes, cuts)), whole);
  if (whole === null) {
    expectTrue('a head is read when it is there', end < 0 && bytes.length <= MAX_HEAD_BYTES, String(end));
    return undefined;
  }
  if ('status' in whole) return undefined;
  expectSame('what follows a head is handed on', whole.rest, bytes.subarray(end + 4).toString('hex'));
  return whole.head;
}

function checkJudges({ judgeRequest, judgeResponse, parseProtocols }, { method, httpVersion, headers }) {
  const verdict = judgeRequest({ method, httpVersion, headers });
  if (verdict.isAcceptable) {
    const isRight =
      method === 'GET' &&
      /(^|,)\s*websocket\s*(,|$)/i.test(headers.upgrade) &&
      headers['sec-websocket-version'] === '13';
    expectTrue('only a right request is acceptable', isRight, JSON.stringify(headers));
  } else {
    expectTrue(
      'a refusal has a status',
      verdict.status >= 400 && verdict.status < 500,
      String(verdict.status),
    );
  }
  const offer = {
    expectedAccept: 'x',
    protocols: ['chat'],
    extensions: [{ name: 'permessage-deflate', params: [] }],
  };
  for (const status of [101, 200]) judgeResponse({ status, headers }, offer);
  parseProtocols(headers['sec-websocket-protocol']);
}

function checkExtensions({ parseExtensions, formatExtensions, acceptDeflateOffer }, text, wanted) {
  const offers = parseExtensions(text);
  if (offers === null) return;
  expectSame('extensions read back as they were written', parseExtensions(formatExtensions(offers)), offers);
  const acceptance = acceptDeflateOffer(offers, wanted);
  if (acceptance !== null) checkAnswer(formatExtensions(offers), formatExtensions([acceptance.extension]));
}

/** By the rules of the conformance suite, which were written apart. */
function checkAnswer(offers, answer) {
  try {
    judgeAnswer(offers, [answer]);
  } catch (error) {
    throw new Finding('an answer fits an offer', `${error.message}: "${answer}" to "${offers}"`);
  }
}

function checkAgreement(
  { offerDeflate, acceptDeflateOffer, readDeflateAnswer, formatExtensions },
  server,
  client,
) {
  const offer = offerDeflate(client);
  const acceptance = acceptDeflateOffer([offer], server);
  expectTrue('a server accepts what a client offers', acceptance !== null);
  checkAnswer(formatExtensions([offer]), formatExtensions([acceptance.extension]));
  const agreement = readDeflateAnswer([acceptance.extension], client);
  expectSame('both ends agree on the same', agreement, acceptance.agreement);
}
