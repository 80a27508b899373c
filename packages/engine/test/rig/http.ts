import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** One HTTP request. */
export interface Ask {
  readonly method?: string;
  /** Behind the path: `transport=polling`. */
  readonly query?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** What a server answered. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

/** Makes one request on a connection of its own and returns the answer. */
export function ask(port: number, { method, query, path, headers, body }: Ask): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const target = path ?? `/engine.io/?${query ?? 'EIO=4&transport=polling'}`;
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const outgoing = request(
      {
        port,
        host: '127.0.0.1',
        path: target,
        method: method ?? 'GET',
        headers: { ...length, ...headers },
        agent: false,
      },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(parts),
          }),
        );
        response.on('error', reject);
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** Begins a session by polling and returns its id. */
export async function handshake(port: number, query = 'EIO=4&transport=polling'): Promise<string> {
  const { body } = await ask(port, { query });
  return sidOf(body.toString());
}

/** Returns the id in the body of a handshake's answer. */
export function sidOf(body: string): string {
  return /"sid\\?":\\?"([^"\\]+)/.exec(body)?.[1] ?? '';
}

/** A connection whose every byte is the test's. */
export interface RawConnection {
  readonly socket: Socket;
  /** Waits for the end of the connection and returns all that came. */
  readonly ended: Promise<string>;
}

/** Connects and sends `text`. */
export function sendRaw(port: number, text: string): RawConnection {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => {
    socket.destroy();
  });
  let received = '';
  socket.setEncoding('latin1');
  socket.on('data', (part: string) => {
    received += part;
  });
  const ended = new Promise<string>((resolve) => {
    socket.on('error', () => resolve(received));
    socket.on('close', () => resolve(received));
  });
  socket.write(text);
  return { socket, ended };
}

/** Returns the head of a WebSocket upgrade. */
export function upgradeHead(
  query: string,
  path = `/engine.io/?${query}`,
  lines: readonly string[] = [],
): string {
  return [
    `GET ${path} HTTP/1.1`,
    'Host: localhost',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    ...lines,
    '\r\n',
  ].join('\r\n');
}
