import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { StaticFiles } from './static-files.ts';

// The page's own files, its own WebSocket, and pictures that it made itself from received bytes: nothing
// else is loaded, and no inline script or style runs whatever a message may contain.
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const SECURITY_HEADERS = {
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  // Isolated from other origins, the page gets the browser's finest clock for its latencies.
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

const HOST = /^[A-Za-z0-9.:[\]_-]{1,255}$/;

/**
 * Answer the HTTP requests of the playground: its files, and a helpful refusal for the rest.
 *
 * @param files - what may be served
 * @param socketPath - the path of the WebSocket address; a plain request to it is told to upgrade
 */
export function createHttpListener(files: StaticFiles, socketPath: string): RequestListener {
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
    answer(request, response, 200, file.contentType, file.body);
  };
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
  response.writeHead(status, {
    ...SECURITY_HEADERS,
    'Content-Type': contentType,
    'Content-Length': body.length,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}
