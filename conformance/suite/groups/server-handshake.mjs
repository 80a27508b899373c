import { runExchange } from '../exchange.mjs';
import { encodeFrame } from '../frame.mjs';
import { responseProblems, withField, writeHead } from '../http-head.mjs';
import { close, text, textReply } from '../script.mjs';
import { keyFor } from '../server-subject.mjs';
import { judgement, VERDICT, worstOf } from '../verdict.mjs';

const HEAD_WAIT_MS = 3000;
const RFC_KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const MASK_KEY = Buffer.from('37fa213d', 'hex');
const GREETING = 'Hello after the handshake';

/** Group H.1: requests that a server has to accept, RFC 6455 4.2. */
export function serverAcceptanceCases() {
  return [...spellingCases(), ...offerCases(), ...segmentCases()];
}

function spellingCases() {
  const set = (name, value) => (fields) => withField(fields, name, value);
  const lines = (edit) => (fields) => fields.map(edit);
  return numbered('H.1.1', [
    ['the key of the RFC gets the accept value of the RFC', '1.3', set('Sec-WebSocket-Key', RFC_KEY)],
    ['field names in lower case', '4.2.1', lines(([name, value]) => [name.toLowerCase(), value])],
    ['field names in upper case', '4.2.1', lines(([name, value]) => [name.toUpperCase(), value])],
    ['Upgrade: WebSocket', '4.2.1', set('Upgrade', 'WebSocket')],
    ['Upgrade: WEBSOCKET', '4.2.1', set('Upgrade', 'WEBSOCKET')],
    ['Connection: upgrade', '4.2.1', set('Connection', 'upgrade')],
    ['Connection: UPGRADE', '4.2.1', set('Connection', 'UPGRADE')],
    ['Connection: keep-alive, Upgrade', '4.2.1', set('Connection', 'keep-alive, Upgrade')],
    ['Connection: Upgrade, keep-alive', '4.2.1', set('Connection', 'Upgrade, keep-alive')],
    ['Connection: keep-alive,upgrade,x without blanks', '4.2.1', set('Connection', 'keep-alive,upgrade,x')],
    [
      'two Connection fields, the second with Upgrade',
      '4.2.1',
      (fields) => [...withField(fields, 'Connection', 'keep-alive'), ['Connection', 'Upgrade']],
    ],
    ['blanks around every value', '4.2.1', lines(([name, value]) => `${name}:   ${value}  `)],
    [
      'tabs around every value but that of Connection',
      '4.2.1',
      lines(([name, value]) => (name === 'Connection' ? [name, value] : `${name}: \t ${value} \t`)),
    ],
    // Node's own HTTP parser does not see the token before a tab, so nothing built on it can.
    [
      'a tab after the value of Connection',
      '4.2.1',
      set('Connection', 'Upgrade\t'),
      { whenRefused: VERDICT.informational },
    ],
    ['no blank after the colon', '4.2.1', lines(([name, value]) => `${name}:${value}`)],
    ['fields in reverse order', '4.1', (fields) => [...fields].reverse()],
    [
      'fields that nobody knows',
      '4.2.1',
      (fields) => [['X-Unknown', 'a, b; c="d"'], ...fields, ['Empty', ''], ['DNT', '1']],
    ],
    [
      'cookies and credentials',
      '4.1',
      (fields) => [...fields, ['Cookie', 'a=b; c=d'], ['Authorization', 'Basic YTpi']],
    ],
    ['4 KiB of a cookie', '4.1', (fields) => [...fields, ['Cookie', `a=${'b'.repeat(4096)}`]]],
  ]);
}

function offerCases() {
  const add =
    (...more) =>
    (fields) => [...fields, ...more];
  return numbered('H.1.2', [
    [
      'a subprotocol offered, none selected',
      '4.2.2',
      add(['Sec-WebSocket-Protocol', 'chat.unknown.example']),
    ],
    ['three subprotocols in one field', '4.2.2', add(['Sec-WebSocket-Protocol', 'a1, b2, c3'])],
    [
      'subprotocols in two fields',
      '11.3.4',
      add(['Sec-WebSocket-Protocol', 'a1, b2'], ['Sec-WebSocket-Protocol', 'c3']),
    ],
    ['an unknown extension offered, not accepted', '9.1', add(['Sec-WebSocket-Extensions', 'x-unknown'])],
    [
      'unknown extensions with parameters',
      '9.1',
      add(['Sec-WebSocket-Extensions', 'x-one; a; b=1; c="quoted", x-two;d = 2']),
    ],
    [
      'unknown extensions in two fields',
      '11.3.2',
      add(['Sec-WebSocket-Extensions', 'x-one'], ['Sec-WebSocket-Extensions', 'x-two; a=1']),
    ],
    ['an Origin of the same host', '10.2', (fields) => [...fields, ['Origin', `http://${fields[0][1]}`]]],
    [
      'a query in the request line',
      '4.2.1',
      (fields) => fields,
      { target: ({ path }) => `${path}?a=b&c=%20d` },
    ],
    [
      'the request line in absolute form',
      '4.1',
      (fields) => fields,
      { target: ({ authority, path }) => `http://${authority}${path}`, whenRefused: VERDICT.nonStrict },
    ],
    [
      'an empty line before the request line',
      '4.2.1',
      (fields) => fields,
      { prefix: '\r\n', whenRefused: VERDICT.informational },
    ],
  ]);
}

/** Where one segment ends and the next begins means nothing. */
function segmentCases() {
  const greeting = encodeFrame(text(GREETING), MASK_KEY);
  const octets = (bytes) => bytes.toString('latin1').split('');
  const together = (head, ...frames) => Buffer.concat([Buffer.from(head, 'latin1'), ...frames]);
  const replies = [textReply(GREETING)];
  const script = { send: [], replies, ending: 'clean' };
  const closing = { send: [], replies, ending: 'answers', codes: [1000] };
  const same = (fields) => fields;
  return numbered('H.1.3', [
    ['octet by octet', '4.2.1', same, { parts: (head) => octets(Buffer.from(head)) }],
    [
      'in two segments, cut inside the empty line',
      '4.2.1',
      same,
      { parts: (head) => [head.slice(0, -2), head.slice(-2)] },
    ],
    [
      'the first frame in the same segment',
      '4.2.2',
      same,
      { parts: (head) => [together(head, greeting)], script },
    ],
    [
      'half of the first frame in the same segment',
      '4.2.2',
      same,
      { parts: (head) => [together(head, greeting.subarray(0, 9)), greeting.subarray(9)], script },
    ],
    [
      'one octet of the first frame in the same segment',
      '4.2.2',
      same,
      { parts: (head) => [together(head, greeting.subarray(0, 1)), greeting.subarray(1)], script },
    ],
    [
      'a text and a close frame in the same segment',
      '4.2.2',
      same,
      { parts: (head) => [together(head, greeting, encodeFrame(close(1000), MASK_KEY))], script: closing },
    ],
    [
      'an unmasked frame in the same segment fails the connection',
      '5.1',
      same,
      {
        parts: (head) => [together(head, encodeFrame(text(GREETING)))],
        script: { send: [], replies: [], ending: 'fails', codes: [1002] },
      },
    ],
    [
      'octet by octet with the first frame',
      '4.2.2',
      same,
      { parts: (head) => octets(together(head, greeting)), script },
    ],
  ]);
}

function numbered(group, rows) {
  return rows.map(([what, rfc, edit, more = {}], index) =>
    acceptanceCase(`${group}.${index + 1}`, what, rfc, edit, more),
  );
}

function acceptanceCase(id, what, rfc, edit, more) {
  const {
    target = ({ path }) => path,
    prefix = '',
    parts = (head) => [head],
    whenRefused = VERDICT.failed,
  } = more;
  const script = more.script ?? { send: [text(GREETING)], replies: [textReply(GREETING)], ending: 'clean' };
  return {
    id,
    title: `request accepted: ${what}`,
    rfc,
    roles: ['server'],
    isHandshake: true,
    async run({ subject }) {
      const connection = await subject.connect();
      const fields = edit(subject.fields(keyFor(id)));
      const key = fields.map(keyIn).find(Boolean);
      await connection.write(parts(prefix + writeHead(`GET ${target(subject)} HTTP/1.1`, fields)));
      const response = await connection.readHead(HEAD_WAIT_MS);
      const offered = fields
        .filter(([name]) => name === 'Sec-WebSocket-Protocol')
        .flatMap(([, value]) => value.split(', '));
      const problems = response ? responseProblems(response, key, { offered }) : ['no response'];
      if (problems.length === 0) {
        const finding = await runExchange(connection.toPeer('client', id), script);
        return worstOf([finding, ...judgeSelection(response)]);
      }
      connection.destroy();
      const isRefused = response === undefined || !response.startLine.includes(' 101 ');
      return judgement(isRefused ? whenRefused : VERDICT.failed, problems.join('; '));
    },
  };
}

/** Whether to select is up to the application; the echo servers of this suite do not. */
function judgeSelection({ fields }) {
  const selected = fields.get('sec-websocket-protocol');
  if (selected === undefined) return [];
  return [judgement(VERDICT.informational, `selected the offered subprotocol "${selected}"`)];
}

/** The key in a field, given as a pair or as a whole line. */
function keyIn(field) {
  const [name, value] = typeof field === 'string' ? field.split(':') : field;
  return name.toLowerCase() === 'sec-websocket-key' ? value.trim() : undefined;
}
