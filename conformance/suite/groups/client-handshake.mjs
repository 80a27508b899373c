import { runExchange } from '../exchange.mjs';
import { encodeFrame } from '../frame.mjs';
import { acceptFor, requestProblems, withField, writeHead } from '../http-head.mjs';
import { close, ping, pongReply, text, textReply } from '../script.mjs';
import { judgement, VERDICT, worstOf } from '../verdict.mjs';

const GREETING = 'Hello after the handshake';
const CLOSE_WAIT_MS = 2500;
const IDLE_WAIT_MS = 4000;
const SWITCHING = 'HTTP/1.1 101 Switching Protocols';

/** Groups H.5 to H.7: responses that a client has to accept and to refuse, RFC 6455 4.1. */
export function clientHandshakeCases() {
  return [...spellingCases(), ...segmentCases(), ...statusCases(), ...fieldCases(), ...idleCases()];
}

/** The fields of a right response. */
export function responseFields(key) {
  return [
    ['Upgrade', 'websocket'],
    ['Connection', 'Upgrade'],
    ['Sec-WebSocket-Accept', acceptFor(key)],
  ];
}

function spellingCases() {
  const set = (name, value) => ({ edit: (fields) => withField(fields, name, value) });
  const lines = (edit) => ({ edit: (fields) => fields.map(edit) });
  return accepted('H.5.1', [
    ['a plain one', {}],
    ['field names in lower case', lines(([name, value]) => [name.toLowerCase(), value])],
    ['field names in upper case', lines(([name, value]) => [name.toUpperCase(), value])],
    ['Upgrade: WebSocket', set('Upgrade', 'WebSocket')],
    ['Upgrade: WEBSOCKET', set('Upgrade', 'WEBSOCKET')],
    ['Connection: upgrade', set('Connection', 'upgrade')],
    ['Connection: keep-alive, Upgrade', set('Connection', 'keep-alive, Upgrade')],
    ['two Connection fields', { edit: (fields) => [['Connection', 'keep-alive'], ...fields] }],
    ['blanks around every value', lines(([name, value]) => `${name}:   ${value}  `)],
    [
      'tabs around every value but that of Connection',
      lines(([name, value]) => (name === 'Connection' ? [name, value] : `${name}: \t ${value} \t`)),
    ],
    // Node's own HTTP parser does not see the token before a tab, so nothing built on it can.
    [
      'a tab after the value of Connection',
      { ...set('Connection', 'Upgrade\t'), whenRefused: VERDICT.informational },
    ],
    ['no blank after the colon', lines(([name, value]) => `${name}:${value}`)],
    ['fields in reverse order', { edit: (fields) => [...fields].reverse() }],
    [
      'fields that nobody knows',
      { edit: (fields) => [['Server', 'x'], ...fields, ['Empty', ''], ['X-Unknown', 'a;b="c"']] },
    ],
    ['two cookies', { edit: (fields) => [...fields, ['Set-Cookie', 'a=b'], ['Set-Cookie', 'c=d']] }],
    ['another reason phrase', { startLine: 'HTTP/1.1 101 Web Socket Protocol Handshake' }],
    ['an empty reason phrase', { startLine: 'HTTP/1.1 101 ', whenRefused: VERDICT.nonStrict }],
    [
      'early hints before it',
      { prefix: 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n', whenRefused: VERDICT.informational },
    ],
  ]);
}

/** Where one segment ends and the next begins means nothing. */
function segmentCases() {
  const greeting = encodeFrame(text(GREETING));
  const together = (head, ...frames) => Buffer.concat([Buffer.from(head, 'latin1'), ...frames]);
  const octets = (bytes) => bytes.toString('latin1').split('');
  const script = { send: [], replies: [textReply(GREETING)], ending: 'clean' };
  return accepted('H.5.2', [
    ['octet by octet', { parts: (head) => octets(Buffer.from(head)) }],
    ['cut inside the empty line', { parts: (head) => [head.slice(0, -2), head.slice(-2)] }],
    ['the first frame in the same segment', { parts: (head) => [together(head, greeting)], script }],
    [
      'half of the first frame in the same segment',
      {
        parts: (head) => [together(head, greeting.subarray(0, 9)), greeting.subarray(9)],
        script,
      },
    ],
    [
      'one octet of the first frame in the same segment',
      {
        parts: (head) => [together(head, greeting.subarray(0, 1)), greeting.subarray(1)],
        script,
      },
    ],
    [
      'a text, a ping and a close in the same segment',
      {
        parts: (head) => [together(head, greeting, encodeFrame(ping('p')), encodeFrame(close(1000)))],
        script: {
          send: [],
          replies: [textReply(GREETING), pongReply('p')],
          ending: 'answers',
          codes: [1000],
        },
      },
    ],
    [
      'a masked frame in the same segment fails the connection',
      {
        parts: (head) => [together(head, encodeFrame(text(GREETING), Buffer.from('37fa213d', 'hex')))],
        script: { send: [], replies: [], ending: 'fails', codes: [1002] },
      },
    ],
    ['octet by octet with the first frame', { parts: (head) => octets(together(head, greeting)), script }],
  ]);
}

function statusCases() {
  const statuses = [
    '200 OK',
    '204 No Content',
    '301 Moved Permanently',
    '302 Found',
    '307 Temporary Redirect',
    '400 Bad Request',
    '401 Unauthorized',
    '403 Forbidden',
    '404 Not Found',
    '426 Upgrade Required',
    '500 Internal Server Error',
    '503 Service Unavailable',
  ];
  const plain = statuses.map((status) => [
    `status ${status}`,
    {
      startLine: `HTTP/1.1 ${status}`,
      edit: () => [
        ['Content-Length', '0'],
        ['Connection', 'close'],
        ['Location', '/redirected'],
      ],
    },
  ]);
  return refused('H.6.1', [
    ...plain,
    ['status 200 with the fields of a handshake', { startLine: 'HTTP/1.1 200 OK' }],
    [
      'status 400 with a body',
      {
        startLine: 'HTTP/1.1 400 Bad Request',
        edit: () => [
          ['Content-Length', '4'],
          ['Connection', 'close'],
        ],
        suffix: 'no!\n',
      },
    ],
    ['HTTP/1.0 101', { startLine: 'HTTP/1.0 101 Switching Protocols', whenAccepted: VERDICT.informational }],
    ['no HTTP', { bytes: 'Hello, who is there?\r\n\r\n' }],
    ['a frame instead of a response', { bytes: encodeFrame(text('Hi\r\n\r\n')) }],
    ['nothing but the end of TCP', { bytes: '', endsTcp: true }],
    ['a head cut by the end of TCP', { bytes: `${SWITCHING}\r\nUpgrade: websocket\r\n`, endsTcp: true }],
    [
      'a head of 256 KiB',
      { edit: (fields) => [['X-Long', 'x'.repeat(262_144)], ...fields], whenAccepted: VERDICT.informational },
    ],
  ]);
}

function fieldCases() {
  const set = (name, value) => ({ edit: (fields) => withField(fields, name, value) });
  const accept = (change) => ({
    edit: (fields) =>
      fields.map(([name, value]) => [name, name === 'Sec-WebSocket-Accept' ? change(value) : value]),
  });
  const add = (...more) => ({ edit: (fields) => [...fields, ...more] });
  return refused('H.6.2', [
    ['no accept value', set('Sec-WebSocket-Accept')],
    ['an empty accept value', accept(() => '')],
    ['the accept value of another key', accept(() => acceptFor('dGhlIHNhbXBsZSBub25jZQ=='))],
    ['an accept value in lower case', accept((value) => value.toLowerCase())],
    ['an accept value without its padding', accept((value) => value.replaceAll('=', ''))],
    ['an accept value with characters after it', accept((value) => `${value}A`)],
    [
      'two accept values, the first right',
      { ...add(['Sec-WebSocket-Accept', 'x']), whenAccepted: VERDICT.nonStrict },
    ],
    ['no Upgrade', set('Upgrade')],
    ['Upgrade: h2c', set('Upgrade', 'h2c')],
    ['Upgrade: websockets', set('Upgrade', 'websockets')],
    ['Upgrade: websocket, h2c', { ...set('Upgrade', 'websocket, h2c'), whenAccepted: VERDICT.nonStrict }],
    ['no Connection', set('Connection')],
    ['Connection: close', set('Connection', 'close')],
    ['Connection: upgrades', set('Connection', 'upgrades')],
    ['a subprotocol that was not asked for', add(['Sec-WebSocket-Protocol', 'x-unasked'])],
    ['an extension that was not asked for', add(['Sec-WebSocket-Extensions', 'x-unasked'])],
    [
      'an extension with parameters that was not asked for',
      add(['Sec-WebSocket-Extensions', 'x-unasked; a=1; b']),
    ],
    ['an extension field that is no list of extensions', add(['Sec-WebSocket-Extensions', '; =,'])],
    [
      'a line without a colon',
      { edit: (fields) => [...fields, 'no colon here'], whenAccepted: VERDICT.nonStrict },
    ],
  ]);
}

function idleCases() {
  return [
    ['H.7.1', 'silence instead of a response', []],
    ['H.7.2', 'half a response and then silence', [`${SWITCHING}\r\nUpgrade: webs`]],
  ].map(([id, what, parts]) => ({
    ...handshakeCase(id, `${what} is ended by the client`, '4.1'),
    async run({ connection }) {
      await connection.write(parts);
      const hasEnded = await connection.until(() => connection.isClosed, IDLE_WAIT_MS);
      connection.destroy();
      if (hasEnded) return worstOf([]);
      return judgement(VERDICT.informational, `still waits after ${IDLE_WAIT_MS} ms`);
    },
  }));
}

function handshakeCase(id, title, rfc) {
  return { id, title, rfc, roles: ['client'], isHandshake: true };
}

function accepted(group, rows) {
  return rows.map(([what, given], index) => {
    const { edit = (fields) => fields, startLine = SWITCHING, prefix = '', parts = (head) => [head] } = given;
    const script = given.script ?? {
      send: [text(GREETING)],
      replies: [textReply(GREETING)],
      ending: 'clean',
    };
    const id = `${group}.${index + 1}`;
    return {
      ...handshakeCase(id, `response accepted: ${what}`, '4.1'),
      async run({ connection, request, authority }) {
        const problems = requestProblems(request, authority);
        const [key] = request.fields.get('sec-websocket-key') ?? [''];
        await connection.write(parts(prefix + writeHead(startLine, edit(responseFields(key)))));
        const finding = await runExchange(connection.toPeer('server', id), script);
        if (problems.length > 0) return judgement(VERDICT.failed, problems.join('; '));
        const isRefused = finding.verdict !== VERDICT.ok && given.whenRefused !== undefined;
        return isRefused ? judgement(given.whenRefused, finding.detail) : finding;
      },
    };
  });
}

/** After the wrong response comes a text frame: a client that answers it has accepted. */
export function refused(group, rows) {
  return rows.map(([what, given], index) => {
    const { edit = (fields) => fields, startLine = SWITCHING, suffix = '', bytes, endsTcp } = given;
    return {
      ...handshakeCase(`${group}.${index + 1}`, `response refused: ${what}`, '4.1'),
      async run({ connection, request }) {
        const [key] = request.fields.get('sec-websocket-key') ?? [''];
        const requestLength = connection.received.length;
        const response = bytes ?? writeHead(startLine, edit(responseFields(key))) + suffix;
        const isSwitching = bytes === undefined && startLine.includes(' 101 ');
        const bait = isSwitching ? encodeFrame(text(GREETING)) : Buffer.alloc(0);
        await connection.write([Buffer.concat([Buffer.from(response, 'latin1'), bait])]);
        if (endsTcp) connection.end();
        const hasSpoken = () => connection.received.length > requestLength;
        await connection.until(() => connection.isClosed || hasSpoken(), CLOSE_WAIT_MS);
        const spoken = connection.received.subarray(requestLength).toString('hex');
        const isClosed = connection.isClosed;
        connection.destroy();
        if (spoken !== '')
          return judgement(given.whenAccepted ?? VERDICT.failed, `went on after it and sent ${spoken}`);
        if (!isClosed) return judgement(VERDICT.failed, 'did not close the TCP connection');
        return worstOf([]);
      },
    };
  });
}
