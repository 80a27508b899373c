import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { ByteList } from '@hawser/protocol/websocket';
import { natives } from '#platform';
import { tlsOptionsOf } from '../tls-options.ts';
import { type Exchange, type ExchangeHandler, Polling } from './polling.ts';

/** Those of upstream's `XMLHttpRequest`. */
const DEFAULT_HEADERS = { 'User-Agent': 'node-XMLHttpRequest', Accept: '*/*' };

/** What `TransportError.context` has of an `XMLHttpRequest`. */
interface Answered {
  readonly readyState: 4;
  readonly status: number;
  readonly statusText: string;
  readonly responseText: string;
}

/** Polling with `node:http` and `node:https`. */
export class NodeXHR extends Polling {
  protected override exchange(uri: string, body: string | undefined, handler: ExchangeHandler): Exchange {
    const { requestTimeout = 0, extraHeaders, agent, autoUnref } = this.opts;
    const jar = this.socket?._cookieJar;
    const cookies = jar?.header();
    const post = body !== undefined && {
      'Content-type': 'text/plain;charset=UTF-8',
      'Content-Length': Buffer.byteLength(body),
    };
    // A kept connection that the server just ended would lose a request, and whether it was seen nobody knows.
    const request = (this.opts.secure ? httpsRequest : httpRequest)(uri, {
      ...tlsOptionsOf(this.opts),
      method: body === undefined ? 'GET' : 'POST',
      agent: (agent || false) as never,
      headers: { ...DEFAULT_HEADERS, ...extraHeaders, ...post, ...(cookies && { cookie: cookies }) },
      timeout: requestTimeout,
    });
    let isOver = false;
    const fail = (description: unknown, context?: Answered) => {
      if (isOver) return;
      isOver = true;
      handler.onFailure(description, context ?? answered(0, String(description), ''));
    };
    const succeed = (text: string) => {
      // How the connection ends behind an answer does not matter.
      isOver = true;
      handler.onSuccess(text);
    };
    const abort = () => {
      isOver = true;
      request.destroy();
    };
    request.on('timeout', () => request.destroy(new Error('timeout')));
    // From the program's clock, as with upstream: tests that stop it rely on nothing failing before they move it on.
    request.on('error', (error) => setTimeout(fail, 0, error));
    if (autoUnref) request.on('socket', (socket) => socket.unref?.());
    request.on('response', (response) => {
      if (isOver) return;
      jar?.parseCookies(response.headers['set-cookie']);
      read(response, { ...handler, onSuccess: succeed }, fail, () => isOver);
    });
    request.end(body);
    return { abort };
  }
}

function read(
  response: IncomingMessage,
  handler: ExchangeHandler,
  fail: (description: unknown, context?: Answered) => void,
  isOver: () => boolean,
): void {
  const { statusCode: status = 0, statusMessage = '' } = response;
  // However small the parts are that a server sends, they cost no more than their bytes.
  const body = new ByteList(natives);
  let receivedBytes = 0;
  response.on('data', (chunk: Buffer) => {
    receivedBytes += chunk.length;
    if (isOver()) return;
    body.append(chunk, 0, chunk.length);
    handler.onProgress(receivedBytes);
  });
  response.on('error', (error) => fail(error));
  response.on('end', () => {
    if (isOver()) return;
    const text = natives.readUtf8(body.join());
    if (status === 200) handler.onSuccess(text);
    else fail(status, answered(status, statusMessage, text));
  });
}

function answered(status: number, statusText: string, responseText: string): Answered {
  return { readyState: 4, status, statusText, responseText };
}
