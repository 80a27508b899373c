import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { StaticFiles } from './static-files.ts';

// The pages' own files, their own server, and pictures that they made themselves from received bytes: nothing
// else is loaded, and no inline script or style runs whatever a message may contain.
function contentSecurityPolicy(connectTo: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' blob:",
    `connect-src ${connectTo}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

const SECURITY_HEADERS = {
  'Content-Security-Policy': contentSecurityPolicy("'self'"),
  // Isolated from other origins, the page gets the browser's finest clock for its latencies.
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

const HOST = /^[A-Za-z0-9.:[\]_-]{1,255}$/;

/** Paths that are answered in a way of their own. */
export interface SpecialPaths {
  /** The plain WebSocket address; a plain request to it is told to upgrade. */
  readonly socketPath: string;
  /** The lab, a page that may connect to the other ports of this host. */
  readonly labPath: string;
}

/**
 * Answer the HTTP requests of the playground: its files, and a helpful refusal for the rest.
 *
 * @param files - what may be served
 */
export function createHttpListener(
  files: StaticFiles,
  { socketPath, labPath }: SpecialPaths,
): RequestListener {
  return (request, response) => {
    const path = (request.url ?? '/').split('?', 1)[0]!;
    if (path === socketPath) return answerUpgradeRequired(request, response, socketPath);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      return answerText(request, response, 405, 'Only GET and HEAD are possible here.');
    }
    const file = files.get(path);
    if (file === undefined) {
      return answerText(request, response, 404, 'There is nothing at this address. The playground is at /.');
    }
    response.setHeader('Cache-Control', 'no-cache');
    if (path === labPath) allowOtherPorts(request, response);
    answer(request, response, 200, file.contentType, file.body);
  };
}

// Each of the lab's transports has a port of its own, chosen when it starts.
function allowOtherPorts({ headers: { host } }: IncomingMessage, response: ServerResponse): void {
  if (host === undefined || !HOST.test(host) || !URL.canParse(`http://${host}`)) return;
  const { hostname } = new URL(`http://${host}`);
  // CSP 3 section 2.3.1 has no way to write an IPv6 address.
  const others = hostname.startsWith('[') ? 'http: ws:' : `http://${hostname}:* ws://${hostname}:*`;
  response.setHeader('Content-Security-Policy', contentSecurityPolicy(`'self' ${others}`));
}

// RFC 9110 15.5.22 and RFC 6455 4.4: say what to upgrade to, and in which version.
function answerUpgradeRequired(request: IncomingMessage, response: ServerResponse, path: string): void {
  const { host } = request.headers;
  const address = host !== undefined && HOST.test(host) ? host : 'this server';
  response.setHeader('Upgrade', 'websocket');
  response.setHeader('Connection', 'Upgrade');
  response.setHeader('Sec-WebSocket-Version', '13');
  const text =
    'This is a WebSocket address, and plain HTTP cannot talk to it. ' +
    `Open http://${address}/ in a browser for the playground, or run: hawser connect ws://${address}${path}`;
  answerText(request, response, 426, text);
}

function answerText(request: IncomingMessage, response: ServerResponse, status: number, text: string): void {
  answer(request, response, status, 'text/plain; charset=utf-8', Buffer.from(`${text}\n`));
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  contentType: string,
  body: Buffer,
): void {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) {
    if (!response.hasHeader(name)) response.setHeader(name, value);
  }
  response.writeHead(status, { 'Content-Type': contentType, 'Content-Length': body.length });
  response.end(request.method === 'HEAD' ? undefined : body);
}
