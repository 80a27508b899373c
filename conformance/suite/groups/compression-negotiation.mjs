import { runExchange } from '../exchange.mjs';
import { OPCODE } from '../frame.mjs';
import { responseProblems, writeHead } from '../http-head.mjs';
import { repliesCase, text, textReply, toCompress } from '../script.mjs';
import { keyFor } from '../server-subject.mjs';
import { judgement, VERDICT } from '../verdict.mjs';
import { refused } from './client-handshake.mjs';

const NAME = 'permessage-deflate';
const HEAD_WAIT_MS = 3000;
const GREETING = 'Hello after the handshake, Hello after the handshake';
const GREETINGS = Object.freeze([GREETING, GREETING, GREETING]);

/** Parameters that make an offer, or an answer, unusable (RFC 7692 7.1). */
const BAD_PARAMETERS = Object.freeze([
  'unknown_parameter',
  'unknown_parameter=1',
  'x_server_no_context_takeover',
  'server_no_context_takeover; server_no_context_takeover',
  'server_max_window_bits=10; server_max_window_bits=10',
  'client_max_window_bits=10; client_max_window_bits=12',
  'server_no_context_takeover=1',
  'server_no_context_takeover=true',
  'client_no_context_takeover=0',
  'server_max_window_bits',
  'server_max_window_bits=7',
  'server_max_window_bits=16',
  'server_max_window_bits=08',
  'server_max_window_bits=010',
  'server_max_window_bits=0xa',
  'server_max_window_bits=1e1',
  'server_max_window_bits=-8',
  'server_max_window_bits=ten',
  'server_max_window_bits=99999999999999999999',
  'client_max_window_bits=7',
  'client_max_window_bits=16',
  'client_max_window_bits=015',
]);

/** Group N.1: offers that a server has to decline, N.2: offers that it may accept, RFC 7692 5.1 and 7.1. */
export function serverNegotiationCases() {
  return [
    ...BAD_PARAMETERS.map((list) => [`${NAME}; ${list}`]),
    ['permessage-deflates'],
    ['x-webkit-deflate-frame'],
    ['permessage-bzip2; level=9'],
  ]
    .map((offers, index) => declinedCase(`N.1.${index + 1}`, offers))
    .concat(acceptedCases());
}

function acceptedCases() {
  return [
    [`${NAME}; unknown_parameter, ${NAME}`],
    [`${NAME}; server_max_window_bits=7, ${NAME}; server_max_window_bits=10`],
    [`x-unknown; a=1; b="c", ${NAME}`],
    [`${NAME}, x-unknown`],
    ['x-unknown', NAME],
    [`${NAME}; server_max_window_bits=16`, `${NAME}; server_no_context_takeover`],
    [`  ${NAME}  ;   client_max_window_bits   ;  server_max_window_bits  =  9  `],
    [`${NAME};client_max_window_bits;server_no_context_takeover;client_no_context_takeover`],
    [`${NAME}; server_max_window_bits="12"`],
    [`${NAME}; client_max_window_bits="9"`],
    [`${NAME}; client_max_window_bits=8`],
    [`${NAME}; server_max_window_bits=8`],
    Array.from({ length: 30 }, () => `${NAME}; unknown_parameter`).concat(NAME),
  ].map((offers, index) =>
    repliesCase(
      `N.2.${index + 1}`,
      `offer accepted: ${show(offers)}`,
      'RFC 7692 5.1',
      GREETINGS.map((greeting) => toCompress(OPCODE.text, greeting)),
      GREETINGS.map(textReply),
      { roles: ['server'], deflate: { offers } },
    ),
  );
}

/** RFC 7692 7.1: the server MUST decline such an offer, and the connection goes on without compression. */
function declinedCase(id, offers) {
  return {
    id,
    title: `offer declined: ${show(offers)}`,
    rfc: 'RFC 7692 7.1',
    roles: ['server'],
    isHandshake: true,
    async run({ subject }) {
      const connection = await subject.connect();
      const key = keyFor(id);
      const fields = [...subject.fields(key), ...offers.map((offer) => ['Sec-WebSocket-Extensions', offer])];
      await connection.write(writeHead(`GET ${subject.path} HTTP/1.1`, fields));
      const response = await connection.readHead(HEAD_WAIT_MS);
      const problems = response ? responseProblems(response, key) : ['no response'];
      if (problems.length === 0) {
        const script = { send: [text(GREETING)], replies: [textReply(GREETING)], ending: 'clean' };
        return runExchange(connection.toPeer('client', id), script);
      }
      connection.destroy();
      // A server may refuse any handshake; but what is asked for is to decline the offer.
      const isRefused = / 4\d\d /.test(response?.startLine);
      return judgement(isRefused ? VERDICT.nonStrict : VERDICT.failed, problems.join('; '));
    },
  };
}

/** Group N.3: answers that a client has to refuse, which belong to no offer. */
export function clientNegotiationCases() {
  const answers = [
    ...BAD_PARAMETERS.map((list) => `${NAME}; ${list}`),
    `${NAME}; client_max_window_bits`,
    `${NAME}, ${NAME}`,
    `${NAME}, x-unknown`,
    'x-unknown',
    'permessage-deflates',
    `${NAME};`,
    `${NAME}; server_max_window_bits=`,
    `${NAME}; server_max_window_bits="10`,
  ];
  const rows = answers.map((answer) => [
    answer,
    { edit: (fields) => [...fields, ['Sec-WebSocket-Extensions', answer]] },
  ]);
  return refused('N.3', rows).map((testCase) => ({ ...testCase, rfc: 'RFC 7692 7.1' }));
}

function show(offers) {
  const shown = offers.join(' and ');
  return shown.length > 75 ? `${shown.slice(0, 75)}...` : shown;
}
