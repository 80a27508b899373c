import { encodeFrame } from '../frame.mjs';
import { tokensOf, withField, writeHead } from '../http-head.mjs';
import { text } from '../script.mjs';
import { keyFor } from '../server-subject.mjs';
import { judgement, VERDICT, worstOf } from '../verdict.mjs';

const HEAD_WAIT_MS = 2500;
const IDLE_WAIT_MS = 4000;

/** Group H.2: requests that a server has to refuse, RFC 6455 4.2.1 and 4.2.2, each with the statuses that fit. */
export function serverRefusalCases() {
  return [
    ...requestLineCases(),
    ...fieldCases(),
    ...keyCases(),
    ...versionCases(),
    ...policyCases(),
    ...idleCases(),
  ];
}

function requestLineCases() {
  const method = (name) => ({ startLine: ({ path }) => `${name} ${path} HTTP/1.1` });
  const version = (name) => ({ startLine: ({ path }) => `GET ${path} ${name}` });
  const refusedMethod = { ok: [405], informational: [400, 501] };
  return numbered('H.2.1', [
    ...['POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH'].map((name) => [
      `method ${name}`,
      '4.2.1',
      { ...method(name), statuses: refusedMethod, hasNoBody: name === 'HEAD' },
    ]),
    ['HTTP/1.0', '4.2.1', { ...version('HTTP/1.0'), statuses: { ok: [400, 426, 505] } }],
    ['HTTP/0.9', '4.2.1', { ...version('HTTP/0.9'), statuses: { ok: [400, 426, 505] }, mayDrop: true }],
    [
      'HTTP/2.0 in a request line',
      '4.2.1',
      { ...version('HTTP/2.0'), statuses: { ok: [400, 426, 505] }, mayDrop: true },
    ],
    [
      'no request at all but a TLS hello',
      '4.2.1',
      { bytes: Buffer.from('16030100050100000100', 'hex'), statuses: { ok: [400, 408] }, mayDrop: true },
    ],
    [
      'no request at all but a frame',
      '4.2.1',
      { bytes: encodeFrame(text('Hi\r\n\r\n'), Buffer.alloc(4)), mayDrop: true },
    ],
    [
      'a request that ends with TCP inside its head',
      '4.2.1',
      { bytes: 'GET / HTTP/1.1\r\nHost: x', endsTcp: true, mayDrop: true },
    ],
  ]);
}

function fieldCases() {
  const set = (name, value) => ({ edit: (fields) => withField(fields, name, value) });
  const upgrade = { statuses: { ok: [400, 426] } };
  const upgradeRows = [
    ['no Upgrade', '4.2.1', { ...set('Upgrade'), ...upgrade }],
    ['empty Upgrade', '4.2.1', { ...set('Upgrade', ''), ...upgrade }],
    ['Upgrade: h2c', '4.2.1', { ...set('Upgrade', 'h2c'), ...upgrade }],
    ['Upgrade: websockets', '4.2.1', { ...set('Upgrade', 'websockets'), ...upgrade }],
    ['no Connection', '4.2.1', { ...set('Connection'), ...upgrade }],
    ['Connection: keep-alive', '4.2.1', { ...set('Connection', 'keep-alive'), ...upgrade }],
    ['Connection: close', '4.2.1', { ...set('Connection', 'close'), ...upgrade }],
    ['Connection: upgrades', '4.2.1', { ...set('Connection', 'upgrades'), ...upgrade }],
    ['Connection: not-upgrade', '4.2.1', { ...set('Connection', 'not-upgrade'), ...upgrade }],
    [
      'neither Upgrade nor Connection',
      '4.2.1',
      {
        edit: (fields) => withField(withField(fields, 'Upgrade'), 'Connection'),
        ...upgrade,
      },
    ],
  ];
  return numbered('H.2.2', [...upgradeRows, ...syntaxRows()]);
}

function syntaxRows() {
  return [
    ['no Host', '4.2.1', { edit: (fields) => withField(fields, 'Host'), statuses: { ok: [400] } }],
    [
      'a blank before a colon',
      '4.2.1',
      {
        edit: (fields) => [...fields, 'X-Smuggled : yes'],
        whenAccepted: VERDICT.nonStrict,
      },
    ],
    [
      'a line without a colon',
      '4.2.1',
      { edit: (fields) => [...fields, 'no colon here'], whenAccepted: VERDICT.nonStrict },
    ],
    [
      'NUL in a value',
      '4.2.1',
      { edit: (fields) => [...fields, ['X-Nul', 'a\0b']], whenAccepted: VERDICT.nonStrict },
    ],
    [
      'an extension field that is no list of extensions',
      '9.1',
      {
        edit: (fields) => [...fields, ['Sec-WebSocket-Extensions', 'x-one; =1,;']],
      },
    ],
    [
      'an extension field whose quotes do not close',
      '9.1',
      {
        edit: (fields) => [...fields, ['Sec-WebSocket-Extensions', 'x-one; a="open']],
      },
    ],
    [
      'a subprotocol that is no token',
      '4.1',
      {
        edit: (fields) => [...fields, ['Sec-WebSocket-Protocol', 'chat room, (b)']],
        whenAccepted: VERDICT.informational,
      },
    ],
    [
      'the same subprotocol twice',
      '4.1',
      {
        edit: (fields) => [...fields, ['Sec-WebSocket-Protocol', 'chat, chat']],
        whenAccepted: VERDICT.informational,
      },
    ],
  ];
}

/** RFC 6455 4.2.1: a key that decodes to 16 octets; 11.3.1: once. */
function keyCases() {
  const set = (value) => ({
    edit: (fields) => withField(fields, 'Sec-WebSocket-Key', value),
    statuses: { ok: [400] },
  });
  const octets = (count) => Buffer.alloc(count, 0xa5).toString('base64');
  return numbered('H.2.3', [
    ['no key', '4.2.1', set()],
    ['an empty key', '4.2.1', set('')],
    ['a key of 15 octets', '4.2.1', set(octets(15))],
    ['a key of 17 octets', '4.2.1', set(octets(17))],
    ['a key of 32 octets', '4.2.1', set(octets(32))],
    ['a key without its padding', '4.2.1', set(octets(16).replaceAll('=', ''))],
    ['a key with a character outside base64', '4.2.1', set(`!${octets(16).slice(1)}`)],
    ['a key in base64url', '4.2.1', set('_-_-_-_-_-_-_-_-_-_-_w==')],
    ['a key with a blank inside', '4.2.1', set(`${octets(16).slice(0, 8)} ${octets(16).slice(8)}`)],
    ['a key with characters after it', '4.2.1', set(`${octets(16)}AAAA`)],
    [
      'two keys',
      '11.3.1',
      {
        edit: (fields) => [...fields, ['Sec-WebSocket-Key', octets(16)]],
        statuses: { ok: [400] },
      },
    ],
  ]);
}

/** RFC 6455 4.2.2: another version gets an error status (such as 426) and the versions that are spoken. */
function versionCases() {
  const set = (value, more) => ({
    edit: (fields) => withField(fields, 'Sec-WebSocket-Version', value),
    ...more,
  });
  const mismatch = { statuses: { ok: [426], informational: [400] }, mustListVersions: true };
  const nonsense = { statuses: { ok: [400, 426] } };
  return numbered('H.2.4', [
    ['no version', '4.2.1', set(undefined, nonsense)],
    ['version 8', '4.4', set('8', { ...mismatch, whenAccepted: VERDICT.nonStrict })],
    ['version 12', '4.4', set('12', mismatch)],
    ['version 14', '4.4', set('14', mismatch)],
    ['version 0', '4.4', set('0', mismatch)],
    ['version 255', '4.4', set('255', mismatch)],
    ['an empty version', '4.2.1', set('', nonsense)],
    ['version 013', '4.3', set('013', nonsense)],
    ['version +13', '4.3', set('+13', nonsense)],
    ['version 13.0', '4.3', set('13.0', nonsense)],
    ['version 1.3e1', '4.3', set('1.3e1', nonsense)],
    ['version 0xd', '4.3', set('0xd', nonsense)],
    ['versions 13, 8 in one field', '4.1', set('13, 8', nonsense)],
    [
      'version 13 twice',
      '11.3.5',
      {
        edit: (fields) => [...fields, ['Sec-WebSocket-Version', '13']],
        ...nonsense,
      },
    ],
  ]);
}

function policyCases() {
  const add = (...more) => ({ edit: (fields) => [...fields, ...more] });
  const free = { whenAccepted: VERDICT.informational };
  const plain = { edit: ([host]) => [host], statuses: { ok: [426], informational: [200, 400, 403, 404] } };
  return numbered('H.2.5', [
    ['a plain GET', '4.2.1', plain],
    [
      'an Origin of another site',
      '10.2',
      { ...add(['Origin', 'http://elsewhere.example']), ...free, statuses: { ok: [403] } },
    ],
    ['two Hosts', '4.2.1', { ...add(['Host', 'elsewhere.example']), ...free, statuses: { ok: [400] } }],
    [
      'one field of 64 KiB',
      '10.4',
      {
        ...add(['X-Long', 'x'.repeat(65536)]),
        statuses: { ok: [400, 413, 431] },
        mayDrop: true,
      },
    ],
    [
      'fields of 256 KiB in all',
      '10.4',
      {
        ...add(...Array.from({ length: 4096 }, (_, index) => [`X-${index}`, 'x'.repeat(56)])),
        statuses: { ok: [400, 413, 431] },
        mayDrop: true,
      },
    ],
    [
      'a request line of 64 KiB',
      '10.4',
      {
        startLine: ({ path }) => `GET ${path}?${'q'.repeat(65536)} HTTP/1.1`,
        statuses: { ok: [400, 413, 414, 431] },
        mayDrop: true,
      },
    ],
  ]);
}

/** RFC 6455 10.4: half-open handshakes cost memory; a server lets go of them in its own time. */
function idleCases() {
  return [
    ['H.2.6.1', 'silence after TCP is connected', []],
    ['H.2.6.2', 'half a request and then silence', ['GET / HTTP/1.1\r\nHost: x\r\nUpg']],
  ].map(([id, what, parts]) => ({
    id,
    title: `${what} is ended by the server`,
    rfc: '10.4',
    roles: ['server'],
    isHandshake: true,
    async run({ subject }) {
      const connection = await subject.connect();
      await connection.write(parts);
      const hasEnded = await connection.until(() => connection.isClosed, IDLE_WAIT_MS);
      connection.destroy();
      if (hasEnded) return worstOf([]);
      return judgement(VERDICT.informational, `still waits after ${IDLE_WAIT_MS} ms`);
    },
  }));
}

function numbered(group, rows) {
  return rows.map(([what, rfc, more], index) => refusalCase(`${group}.${index + 1}`, what, rfc, more));
}

function refusalCase(id, what, rfc, expectation) {
  const {
    edit = (fields) => fields,
    startLine = ({ path }) => `GET ${path} HTTP/1.1`,
    bytes,
    endsTcp,
  } = expectation;
  return {
    id,
    title: `request refused: ${what}`,
    rfc,
    roles: ['server'],
    isHandshake: true,
    async run({ subject }) {
      const connection = await subject.connect();
      await connection.write([bytes ?? writeHead(startLine(subject), edit(subject.fields(keyFor(id))))]);
      if (endsTcp) connection.end();
      const response = await connection.readHead(HEAD_WAIT_MS);
      const finding = response
        ? await judgeResponse(connection, response, expectation)
        : judgeNoResponse(connection, expectation);
      connection.destroy();
      return finding;
    },
  };
}

function judgeNoResponse(connection, { mayDrop }) {
  if (!connection.isClosed) return judgement(VERDICT.failed, 'neither answered nor closed the connection');
  if (mayDrop) return worstOf([]);
  return judgement(VERDICT.nonStrict, 'closed the connection without an HTTP response (4.2.1)');
}

async function judgeResponse(connection, response, expectation) {
  const {
    statuses = { ok: [400] },
    whenAccepted = VERDICT.failed,
    mustListVersions,
    hasNoBody,
  } = expectation;
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(response.startLine)?.[1]);
  if (status === 101) return judgement(whenAccepted, 'accepted the handshake');
  const findings = [];
  const { ok, informational = [] } = statuses;
  if (!ok.includes(status)) {
    const isFine = informational.includes(status);
    const verdict = isFine ? VERDICT.informational : status >= 400 ? VERDICT.nonStrict : VERDICT.failed;
    findings.push(judgement(verdict, `expected status ${ok.join(' or ')}, got "${response.startLine}"`));
  }
  if (mustListVersions && !tokensOf(response, 'sec-websocket-version').includes('13')) {
    findings.push(
      judgement(VERDICT.failed, 'the refusal does not list version 13 in Sec-WebSocket-Version (4.2.2)'),
    );
  }
  findings.push(...judgeHttp(status, response));
  if (!hasNoBody) findings.push(...(await judgeBody(connection, response)));
  return worstOf(findings);
}

/** What HTTP itself asks of these statuses: RFC 9110 15.5.6 and 15.5.22. */
function judgeHttp(status, response) {
  const findings = [];
  if (status === 405 && !response.fields.has('allow')) {
    findings.push(judgement(VERDICT.nonStrict, 'status 405 comes without Allow (RFC 9110 15.5.6)'));
  }
  if (status === 426 && !tokensOf(response, 'upgrade').includes('websocket')) {
    findings.push(
      judgement(VERDICT.nonStrict, 'status 426 comes without Upgrade: websocket (RFC 9110 15.5.22)'),
    );
  }
  if (response.malformed !== undefined) {
    findings.push(judgement(VERDICT.failed, `the response has the malformed field "${response.malformed}"`));
  }
  return findings;
}

/** A refusal has to be complete, and to end TCP when it says so. */
async function judgeBody(connection, response) {
  const headLength = connection.received.length - response.rest.length;
  const promised = Number(response.fields.get('content-length')?.[0] ?? 0);
  const isPromised = () => connection.received.length - headLength >= promised;
  await connection.until(() => isPromised() || connection.isClosed, 1000);
  const got = connection.received.length - headLength;
  const findings = [];
  if (got < promised) {
    findings.push(
      judgement(VERDICT.nonStrict, `the response promises ${promised} octets of body and sends ${got}`),
    );
  }
  if (tokensOf(response, 'connection').includes('close')) {
    const hasEnded = await connection.until(() => connection.isClosed, 1000);
    if (!hasEnded) findings.push(judgement(VERDICT.nonStrict, 'says "Connection: close" and does not close'));
  }
  return findings;
}
