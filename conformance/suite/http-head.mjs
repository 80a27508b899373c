import { createHash } from 'node:crypto';

/** RFC 6455 1.3: what a server appends to the key before it hashes. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const HEAD_END = Buffer.from('\r\n\r\n');

/** The value of Sec-WebSocket-Accept that belongs to a key, RFC 6455 4.2.2. */
export function acceptFor(key) {
  return createHash('sha1')
    .update(key + GUID)
    .digest('base64');
}

/**
 * Write a request or response head.
 *
 * @param startLine - without its line end
 * @param fields - `[name, value]` pairs, or whole lines as strings
 */
export function writeHead(startLine, fields) {
  const lines = fields.map((field) => (typeof field === 'string' ? field : `${field[0]}: ${field[1]}`));
  return `${[startLine, ...lines].join('\r\n')}\r\n\r\n`;
}

/** Replace the value of a field, or leave the field out when `value` is undefined. Adds what is not there. */
export function withField(fields, name, value) {
  const isSame = (field) => field[0].toLowerCase() === name.toLowerCase();
  const others = fields.filter((field) => !isSame(field));
  if (value === undefined) return others;
  return fields.some(isSame)
    ? fields.map((field) => (isSame(field) ? [field[0], value] : field))
    : [...fields, [name, value]];
}

/**
 * Split what was received into head and rest.
 *
 * @returns `{ startLine, fields, rest }`, where `fields` maps lower-case names to lists of values, and `malformed` is
 *   the first line that is no field; undefined while the head is not complete
 */
export function parseHead(bytes) {
  const end = bytes.indexOf(HEAD_END);
  if (end === -1) return undefined;
  const [startLine, ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const fields = new Map();
  let malformed;
  for (const line of lines) {
    const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/.exec(line);
    if (!match) {
      malformed ??= line;
      continue;
    }
    const name = match[1].toLowerCase();
    fields.set(name, [...(fields.get(name) ?? []), match[2]]);
  }
  return { startLine, fields, malformed, rest: bytes.subarray(end + HEAD_END.length) };
}

/** The members of a comma-separated field in lower case, over all its lines. */
export function tokensOf(head, name) {
  const values = head.fields.get(name) ?? [];
  return values
    .join(',')
    .split(',')
    .map((token) => token.trim().toLowerCase())
    .filter(Boolean);
}

/**
 * Say what is wrong with a server's 101 response, RFC 6455 4.2.2.
 *
 * @param key - the key of the request
 * @param request.offered - the subprotocols that the request offers
 * @param request.mayExtend - whether it offers extensions
 * @returns sentences; none when it is right
 */
export function responseProblems(response, key, { offered = [], mayExtend = false } = {}) {
  const { fields } = response;
  const one = (name) => (fields.get(name)?.length === 1 ? fields.get(name)[0] : undefined);
  const problems = [];
  if (!/^HTTP\/1\.1 101 /.test(response.startLine)) problems.push(`status line is "${response.startLine}"`);
  if (response.malformed !== undefined) problems.push(`malformed field "${response.malformed}"`);
  if (one('upgrade')?.toLowerCase() !== 'websocket') problems.push('Upgrade is not "websocket" (4.2.2)');
  if (!tokensOf(response, 'connection').includes('upgrade'))
    problems.push('Connection lacks "Upgrade" (4.2.2)');
  if (one('sec-websocket-accept') !== acceptFor(key)) {
    problems.push(
      `Sec-WebSocket-Accept is "${fields.get('sec-websocket-accept')}", not "${acceptFor(key)}" (4.2.2)`,
    );
  }
  if (fields.has('sec-websocket-extensions') && !mayExtend)
    problems.push('accepts an extension nobody offered (9.1)');
  if (fields.has('sec-websocket-protocol') && !offered.includes(one('sec-websocket-protocol'))) {
    problems.push(
      `selects the subprotocol "${fields.get('sec-websocket-protocol')}", which was not offered (4.2.2)`,
    );
  }
  // RFC 9110 8.6 and RFC 9112 6.1: neither belongs into a 1xx response.
  if (fields.has('content-length')) problems.push('a 101 response has a Content-Length');
  if (fields.has('transfer-encoding')) problems.push('a 101 response has a Transfer-Encoding');
  return problems;
}

/**
 * Say what is wrong with a client's request, RFC 6455 4.1.
 *
 * @returns sentences; none when it is right
 */
export function requestProblems(request, authority) {
  const { fields } = request;
  const one = (name) => (fields.get(name)?.length === 1 ? fields.get(name)[0] : undefined);
  const problems = [];
  if (!/^GET \/\S* HTTP\/1\.1$/.test(request.startLine))
    problems.push(`request line is "${request.startLine}"`);
  if (request.malformed !== undefined) problems.push(`malformed field "${request.malformed}"`);
  if (one('host') !== authority) problems.push(`Host is "${fields.get('host')}", not "${authority}"`);
  if (!tokensOf(request, 'upgrade').includes('websocket')) problems.push('Upgrade lacks "websocket"');
  if (!tokensOf(request, 'connection').includes('upgrade')) problems.push('Connection lacks "Upgrade"');
  if (one('sec-websocket-version') !== '13') problems.push('Sec-WebSocket-Version is not 13');
  const key = one('sec-websocket-key') ?? '';
  const nonce = Buffer.from(key, 'base64');
  if (nonce.length !== 16 || nonce.toString('base64') !== key)
    problems.push(`key "${key}" is not 16 octets in base64`);
  if (fields.has('sec-websocket-accept')) problems.push('a request carries Sec-WebSocket-Accept');
  if (request.rest.length > 0) problems.push('sends octets before the response has come');
  return problems;
}
