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

/** A request to an app, as `node:http` has it. */
export interface UwsExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** An answer as Node has written it. */
interface Answer {
  readonly status: string;
  readonly lines: readonly string[];
  readonly contentLength: number | null;
  readonly body: Buffer;
}

/**
 * What Node's HTTP objects take for a connection: what is written to it is one response of HTTP/1.1, which the app is
 * given when it is complete, and the write is done when the peer has taken it.
 */
export class UwsConnection extends Duplex {
  readonly remoteAddress: string;
  readonly #isHead: boolean;
  readonly #context: unknown;
  #written: Buffer[] = [];
  /** `null` once the connection is over, or another's: the app does not stand a touch. */
  #response: UwsResponse | null;
  #isAnswering = false;
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
      response.upgrade(userData, key, protocols, extensions, this.#context);
    });
  }

  /** Hands on the body of `request`, no faster than it is read. */
  receive(request: IncomingMessage): void {
    this.#response!.onData((part, isLast) => {
      // The app tells of the body of a request that was answered, too.
      if (this.#response === null || (this.#isAnswering && request.listenerCount('data') === 0)) return;
      // The memory is the app's.
      const wantsMore = request.push(Buffer.from(part.slice(0)));
      if (isLast) {
        request.complete = true;
        request.push(null);
      } else if (!wantsMore && !this.#isAnswering) {
        this.#isPaused = true;
        this.#response.pause();
      }
    });
    request._read = () => this.#resume();
    // As with Node's server, nobody hears of an abortion where there was an answer.
    this.on('close', () => {
      if (!this.#isAnswering) {
        request.destroy();
        return;
      }
      if (!request.complete) request.push(null);
      request.complete = true;
      request.resume();
    });
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#written.push(chunk);
    const answer = this.#isAnswering ? null : parseAnswer(Buffer.concat(this.#written));
    if (answer !== null && this.#isComplete(answer)) this.#answer(answer, done);
    else done();
  }

  override _final(done: () => void): void {
    const end = (): void => {
      done();
      this.destroy();
    };
    const answer = this.#isAnswering ? null : parseAnswer(Buffer.concat(this.#written));
    if (answer === null) end();
    else this.#answer(answer, end);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    // A session keeps its first request, and that its connection.
    this.#written = [];
    this.#take()?.close();
    done(error);
  }

  #take(): UwsResponse | null {
    const response = this.#response;
    this.#response = null;
    return response;
  }

  #resume(): void {
    if (this.#isPaused) this.#response?.resume();
    this.#isPaused = false;
  }

  #isComplete(answer: Answer): boolean {
    const { contentLength, body } = answer;
    return contentLength !== null && (this.#hasNoBody(answer) || body.length >= contentLength);
  }

  #hasNoBody({ status }: Answer): boolean {
    return this.#isHead || BODILESS.test(status);
  }

  /** Has the app answer; `done` is called when all of it has left. */
  #answer(answer: Answer, done: () => void): void {
    const response = this.#response;
    this.#isAnswering = true;
    // The body of a request is read to its end, or the next one would wait behind it.
    this.#resume();
    response?.cork(() => {
      const { status, lines, contentLength, body } = answer;
      response.writeStatus(status);
      writeHeaders(response, lines);
      if (!this.#hasNoBody(answer) && body.length > 0) {
        this.#send(response, body, done);
        return;
      }
      // The app tells a missing argument from one that is undefined.
      if (contentLength === null) response.endWithoutBody();
      else response.endWithoutBody(contentLength);
      this.#response = null;
      done();
    });
  }

  #send(response: UwsResponse, body: Buffer, done: () => void): void {
    const sendFrom = (offset: number): boolean => {
      const [isTaken, isComplete] = response.tryEnd(body.subarray(offset), body.length);
      if (isComplete) {
        this.#response = null;
        done();
      }
      return isTaken;
    };
    if (!sendFrom(0)) response.onWritable(sendFrom);
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
  message.complete = true;
  message.push(null);
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

/** Returns the answer that `bytes` begin with, or `null` where its head is not complete. */
function parseAnswer(bytes: Buffer): Answer | null {
  const headEnd = bytes.indexOf(HEAD_END);
  if (headEnd === -1) return null;
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, headEnd).split('\r\n');
  const status = statusLine.slice('HTTP/1.1 '.length);
  const body = bytes.subarray(headEnd + HEAD_END.length);
  if (INTERIM.test(status)) return parseAnswer(body);
  const length = lines.find((line) => /^content-length:/i.test(line));
  const contentLength = length === undefined ? null : Number(length.slice(length.indexOf(':') + 1));
  return { status, lines, contentLength, body };
}

function writeHeaders(response: UwsResponse, lines: readonly string[]): void {
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon);
    if (OWN_HEADERS.has(name.toLowerCase())) continue;
    // A string would go out as UTF-8.
    response.writeHeader(name, Buffer.from(line.slice(colon + 1).trim(), 'latin1'));
  }
}
