import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, deflate, gzip } from 'node:zlib';
import { type BodyLimits, chooseCoding, discardBody, type Middleware } from '@hawser/engine/internal';

/** The bundles of the client; each has a `.map`. */
const BUNDLES = ['socket.io.js', 'socket.io.min.js', 'socket.io.esm.min.js', 'socket.io.msgpack.min.js'];
const NAMES: ReadonlySet<string> = new Set(BUNDLES.flatMap((name) => [name, `${name}.map`]));

const COMPRESS = Object.freeze({
  br: promisify(brotliCompress),
  gzip: promisify(gzip),
  deflate: promisify(deflate),
});
type Coding = keyof typeof COMPRESS;
const CODINGS = Object.freeze(Object.keys(COMPRESS)) as readonly Coding[];

/** A request for a file has no body that anybody would read. */
const BODY_LIMITS: BodyLimits = Object.freeze({ maxPayloadBytes: 0, maxBodyMs: 30_000 });

/** Where the files are, and what goes along with them. */
export interface ClientFilesOptions {
  readonly folder: string;
  /** The version of the client: the files' ETag. */
  readonly version: string;
  /** Answers for the option `cors`; `null` where it is not set. */
  readonly cors: Middleware | null;
}

/**
 * Answers requests for the bundles of the client, and for their source maps.
 *
 * Each file is read and compressed once for each coding, and kept: there are eight files and three codings.
 */
export class ClientFiles {
  readonly #options: ClientFilesOptions;
  readonly #etag: string;
  readonly #bodies = new Map<string, Promise<Buffer>>();

  constructor(options: ClientFilesOptions) {
    this.#options = options;
    this.#etag = `"${options.version}"`;
  }

  /** Answers a request for a file, or returns `false` where there is none of this name: others may answer then. */
  handle(name: string, request: IncomingMessage, response: ServerResponse): boolean {
    if (!NAMES.has(name)) return false;
    discardBody(request, BODY_LIMITS);
    const { cors } = this.#options;
    if (cors === null) void this.#answer(name, request, response);
    else cors(request, response, () => void this.#answer(name, request, response));
    return true;
  }

  async #answer(name: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const etag = request.headers['if-none-match'];
    if (etag === this.#etag || etag === `W/${this.#etag}`) {
      response.writeHead(304).end();
      return;
    }
    const coding = chooseCoding(request, CODINGS);
    let body: Buffer;
    try {
      body = await this.#load(name, coding);
    } catch {
      // Whoever runs the server has not built the bundles, or has removed them.
      response.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8' });
      response.end(`${name} is not there: the client has not been built\n`);
      return;
    }
    response.setHeader('Cache-Control', 'public, max-age=0');
    response.setHeader(
      'Content-Type',
      `application/${name.endsWith('.map') ? 'json' : 'javascript'}; charset=utf-8`,
    );
    response.setHeader('ETag', this.#etag);
    response.appendHeader('Vary', 'Accept-Encoding');
    response.setHeader('Content-Length', body.length);
    if (coding !== null) response.setHeader('Content-Encoding', coding);
    response.writeHead(200);
    response.end(body);
  }

  #load(name: string, coding: Coding | null): Promise<Buffer> {
    const key = `${coding} ${name}`;
    let body = this.#bodies.get(key);
    if (body === undefined) {
      body = this.#read(name, coding);
      this.#bodies.set(key, body);
      // What failed once may be there the next time.
      body.catch(() => this.#bodies.delete(key));
    }
    return body;
  }

  async #read(name: string, coding: Coding | null): Promise<Buffer> {
    if (coding === null) return readFile(join(this.#options.folder, name));
    return COMPRESS[coding](await this.#load(name, null));
  }
}
