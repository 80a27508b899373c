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
const BODILESS = /^(?:1\d\d|204|304) /;

/** A request to an app, as `node:http` has it. */
export interface UwsExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/**
 * What Node's HTTP objects take for a connection: what is written to it until its end is one response of HTTP/1.1,
 * which the app is then given.
 */
export class UwsConnection extends Duplex {
  readonly remoteAddress: string;
  readonly #isHead: boolean;
  readonly #context: unknown;
  readonly #written: Buffer[] = [];
  /** `null` once it was answered or aborted. */
  #response: UwsResponse | null;

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

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#written.push(chunk);
    done();
  }

  override _final(done: () => void): void {
    const response = this.#take();
    if (response !== null) this.#answer(response, Buffer.concat(this.#written));
    done();
    this.destroy();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#take()?.close();
    done(error);
  }

  #take(): UwsResponse | null {
    const response = this.#response;
    this.#response = null;
    return response;
  }

  #answer(response: UwsResponse, bytes: Buffer): void {
    const headEnd = bytes.indexOf('\r\n\r\n');
    const [statusLine = '', ...lines] = bytes.toString('latin1', 0, headEnd).split('\r\n');
    const status = statusLine.slice('HTTP/1.1 '.length);
    const body = bytes.subarray(headEnd + 4);
    response.cork(() => {
      response.writeStatus(status);
      writeHeaders(response, lines);
      if (this.#isHead) response.endWithoutBody(contentLengthOf(lines));
      else if (BODILESS.test(status)) response.endWithoutBody();
      else response.end(body);
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
  message.complete = true;
  message.push(null);
  return { connection, request: message };
}

/** Returns a request, and the response that answers it. */
export function openExchange(uwsResponse: UwsResponse, uwsRequest: UwsRequest): UwsExchange {
  const isHead = uwsRequest.getMethod().toUpperCase() === 'HEAD';
  const connection = new UwsConnection(uwsResponse, isHead, undefined);
  const request = messageOf(uwsRequest, connection);
  receiveBody(request, connection, uwsResponse);
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
    const before = headers[name];
    headers[name] = before === undefined ? value : `${before}${name === 'cookie' ? ';' : ','} ${value}`;
  });
  message.headers = headers;
  return message;
}

/** Hands on the body, no faster than it is read. */
function receiveBody(request: IncomingMessage, connection: UwsConnection, response: UwsResponse): void {
  let isPaused = false;
  response.onData((part, isLast) => {
    // The memory is the app's.
    const wantsMore = request.push(Buffer.from(part.slice(0)));
    if (isLast) {
      request.complete = true;
      request.push(null);
    } else if (!wantsMore) {
      isPaused = true;
      response.pause();
    }
  });
  request._read = () => {
    if (isPaused && !connection.destroyed) response.resume();
    isPaused = false;
  };
  connection.on('close', () => request.destroy());
}

function writeHeaders(response: UwsResponse, lines: readonly string[]): void {
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon);
    if (!OWN_HEADERS.has(name.toLowerCase())) response.writeHeader(name, line.slice(colon + 1).trim());
  }
}

function contentLengthOf(lines: readonly string[]): number {
  const line = lines.find((line) => /^content-length:/i.test(line));
  return line === undefined ? 0 : Number(line.slice(line.indexOf(':') + 1));
}
