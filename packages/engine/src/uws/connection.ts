import { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { UwsRequest, UwsResponse } from './app.ts';

/** Headers that the app writes by itself, or that say nothing where it does. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'date',
  'keep-alive',
  'transfer-encoding',
]);

/** Statuses of responses that have no body. */
const BODILESS = /^(?:204|304) /;
/** Those of heads that are no answer yet. */
const INTERIM = /^1\d\d /;

const HEAD_END = '\r\n\r\n';
const NO_BYTES = Buffer.alloc(0);

/** A request to an app, as `node:http` has it. */
export interface UwsExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** The head of an answer as Node has written it, and what came behind. */
interface Head {
  readonly status: string;
  readonly lines: readonly string[];
  /** `null` where the head does not say. */
  readonly contentLength: number | null;
  readonly rest: Buffer;
}

/**
 * What Node's HTTP objects take for a connection: what is written to it is one response of HTTP/1.1, which goes on to
 * the app. A write is done when the peer has taken it.
 */
export class UwsConnection extends Duplex {
  readonly remoteAddress: string;
  readonly #isHead: boolean;
  readonly #context: unknown;
  /** `null` once the answer is complete or the connection over, or another's: the app does not stand a touch. */
  #response: UwsResponse | null;
  #request: IncomingMessage | null = null;
  /** What was written of a head that is not complete. */
  #headBytes = NO_BYTES;
  #head: Head | null = null;
  /** A body of unknown length that is sent as a whole, as the app can only then close the connection behind it. */
  #collected: Buffer[] | null = null;
  #isPaused = false;

  constructor(response: UwsResponse, isHead: boolean, context: unknown) {
    super({ read() {} });
    this.push(null);
    this.#response = response;
    this.#isHead = isHead;
    this.#context = context;
    this.remoteAddress = Buffer.from(response.getRemoteAddressAsText()).toString();
    response.onAborted(() => {
      this.#response = null;
      this.destroy();
    });
  }

  // What programs set of a connection of `node:net` is the app's own.
  setTimeout(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  /** Answers with a 101 response, from which on the connection is the app's. */
  upgrade({ headers }: IncomingMessage, lines: readonly string[], userData: object): void {
    const response = this.#take();
    if (response === null) return;
    const { 'sec-websocket-key': key = '', 'sec-websocket-protocol': protocols = '' } = headers;
    const extensions = String(headers['sec-websocket-extensions'] ?? '');
    response.cork(() => {
      response.writeStatus('101 Switching Protocols');
      writeHeaders(response, lines);
    });
    // Not within the cork: after a turn, that of most releases may take the new connection for a response that is
    // complete, and close it (uWebSockets issue 1928). Within the turn of the request the app corks by itself.
    response.upgrade(userData, key, protocols, extensions, this.#context);
  }

  /** Hands on the body of `request`, no faster than it is read. */
  receive(request: IncomingMessage): void {
    this.#request = request;
    const { 'content-length': length = '0', 'transfer-encoding': coding } = request.headers;
    if (length === '0' && coding === undefined) {
      endBody(request);
      return;
    }
    this.#response!.onData((part, isLast) => {
      // The app tells of the body of a request that was answered, too.
      if (this.#response === null || request.destroyed) return;
      // The memory is the app's.
      const wantsMore = request.push(Buffer.from(part.slice(0)));
      if (isLast) {
        endBody(request);
      } else if (!wantsMore && this.#head === null) {
        this.#isPaused = true;
        this.#response.pause();
      }
    });
    request._read = () => this.#resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (this.#head !== null) {
      const head = this.#head;
      if (this.#response === null) done();
      else this.#cork(() => this.#writeBody(head, chunk, done));
      return;
    }
    this.#headBytes = Buffer.concat([this.#headBytes, chunk]);
    const head = parseHead(this.#headBytes);
    if (head === null) {
      done();
      return;
    }
    this.#head = head;
    this.#headBytes = NO_BYTES;
    if (head.contentLength === null && this.#isCut) this.#collected = [];
    // The body of a request is read to its end, or the next one would wait behind it.
    this.#resume();
    this.#cork(() => {
      this.#writeHead(head);
      this.#writeBody(head, head.rest, done);
    });
  }

  override _final(done: () => void): void {
    const collected = this.#collected;
    this.#cork((response) => response.end(Buffer.concat(collected ?? []), collected !== null));
    this.#response = null;
    done();
    this.destroy();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#take()?.close();
    const request = this.#request;
    this.#request = null;
    // As with Node's server, nobody hears of an abortion where all of it had come.
    if (request?.complete) request.resume();
    else request?.destroy();
    done(error);
  }

  /** Whether the body of the request is still on its way when it is answered: who sends without end is cut off. */
  get #isCut(): boolean {
    return this.#request !== null && !this.#request.complete;
  }

  #take(): UwsResponse | null {
    const response = this.#response;
    this.#response = null;
    return response;
  }

  #cork(write: (response: UwsResponse) => void): void {
    const response = this.#response;
    response?.cork(() => write(response));
  }

  #resume(): void {
    if (this.#isPaused) this.#response?.resume();
    this.#isPaused = false;
  }

  #writeHead({ status, lines, contentLength }: Head): void {
    const response = this.#response!;
    response.writeStatus(status);
    writeHeaders(response, lines);
    if (!this.#isHead && !BODILESS.test(status)) return;
    // It says how long the body would be.
    if (contentLength !== null) response.writeHeader('Content-Length', Buffer.from(String(contentLength)));
    response.endWithoutBody();
    this.#response = null;
  }

  #writeBody({ contentLength }: Head, part: Buffer, done: () => void): void {
    const response = this.#response;
    if (response === null || part.length === 0) {
      done();
    } else if (this.#collected !== null) {
      this.#collected.push(part);
      done();
    } else if (contentLength === null) {
      if (response.write(part)) done();
      else this.#whenWritable(response, () => true, done);
    } else if (this.#isCut && part.length >= contentLength) {
      this.#response = null;
      response.end(part, true);
      done();
    } else {
      const start = response.getWriteOffset();
      const sendFrom = (offset: number): boolean => {
        const [isTaken, isComplete] = response.tryEnd(part.subarray(offset - start), contentLength);
        if (isComplete) this.#response = null;
        return isTaken || isComplete;
      };
      if (sendFrom(start)) done();
      else this.#whenWritable(response, sendFrom, done);
    }
  }

  /** Has `write` go on, each time that the peer takes more, until it has written all; then calls `done`. */
  #whenWritable(response: UwsResponse, write: (offset: number) => boolean, done: () => void): void {
    let isDone = false;
    response.onWritable((offset) => {
      if (isDone) return true;
      isDone = write(offset);
      if (isDone) done();
      return isDone;
    });
  }
}

/** Returns the connection of a request that wants to be one of WebSocket, and the request. */
export function openUpgrade(
  response: UwsResponse,
  request: UwsRequest,
  context: unknown,
): { connection: UwsConnection; request: IncomingMessage } {
  const connection = new UwsConnection(response, false, context);
  const message = messageOf(request, connection);
  endBody(message);
  return { connection, request: message };
}

/** Returns a request, and the response that answers it. */
export function openExchange(uwsResponse: UwsResponse, uwsRequest: UwsRequest): UwsExchange {
  const isHead = uwsRequest.getMethod().toUpperCase() === 'HEAD';
  const connection = new UwsConnection(uwsResponse, isHead, undefined);
  const request = messageOf(uwsRequest, connection);
  connection.receive(request);
  const response = new ServerResponse(request);
  // The app frames the body.
  response.useChunkedEncodingByDefault = false;
  response.assignSocket(connection as unknown as Socket);
  response.on('finish', () => connection.end());
  connection.on('drain', () => {
    if (response.writableNeedDrain) response.emit('drain');
  });
  return { request, response };
}

function messageOf(request: UwsRequest, connection: UwsConnection): IncomingMessage {
  const message = new IncomingMessage(connection as unknown as Socket);
  const query = request.getQuery();
  message.method = request.getMethod().toUpperCase();
  message.url = request.getUrl() + (query ? `?${query}` : '');
  message.httpVersion = '1.1';
  message.httpVersionMajor = 1;
  message.httpVersionMinor = 1;
  const headers: Record<string, string> = {};
  request.forEach((name, value) => {
    message.rawHeaders.push(name, value);
    const before = Object.hasOwn(headers, name) ? headers[name] : undefined;
    headers[name] = before === undefined ? value : `${before}${name === 'cookie' ? ';' : ','} ${value}`;
  });
  message.headers = headers;
  return message;
}

/** Tells who reads a request that there is no more of it. */
function endBody(request: IncomingMessage): void {
  request.complete = true;
  request.push(null);
}

/** Returns the head of the answer that `bytes` begin with, or `null` where it is not complete. */
function parseHead(bytes: Buffer): Head | null {
  const headEnd = bytes.indexOf(HEAD_END);
  if (headEnd === -1) return null;
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, headEnd).split('\r\n');
  const status = statusLine.slice('HTTP/1.1 '.length);
  const rest = bytes.subarray(headEnd + HEAD_END.length);
  if (INTERIM.test(status)) return parseHead(rest);
  const length = lines.find((line) => /^content-length:/i.test(line));
  const contentLength = length === undefined ? null : Number(length.slice(length.indexOf(':') + 1));
  return { status, lines, contentLength, rest };
}

function writeHeaders(response: UwsResponse, lines: readonly string[]): void {
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon);
    if (colon === -1 || /[\r\n]/.test(line) || OWN_HEADERS.has(name.toLowerCase())) continue;
    // A string would go out as UTF-8.
    response.writeHeader(name, Buffer.from(line.slice(colon + 1).trim(), 'latin1'));
  }
}
