import { existsSync, readFileSync } from 'node:fs';
import type { Server as HttpServer, IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { AnyHttpServer } from '@hawser/engine';
import { createCorsMiddleware, openExchange, type UwsApp } from '@hawser/engine/internal';
import { ClientFiles } from './serve-client.ts';

/** This package's folder: both sources and what is built of them are one below. */
const HOME = join(__dirname, '..');

type CorsOption = Parameters<typeof createCorsMiddleware>[0];

/** Serves the bundles of the client under the paths that `pattern` fits; all else goes to who listened before. */
export function attachClientFiles(server: AnyHttpServer, pattern: () => RegExp, cors: CorsOption): void {
  let files: ClientFiles | null = null;
  const http = server as HttpServer;
  const listeners = http.rawListeners('request') as RequestListener[];
  http.removeAllListeners('request');
  http.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const url = request.url ?? '';
    if (pattern().test(url)) {
      files ??= openClientFiles(cors);
      if (files?.handle(nameOf(url), request, response)) return;
    }
    for (const listener of listeners) listener.call(http, request, response);
  });
}

/** As {@link attachClientFiles}, in an app of uWebSockets.js: all requests of it below `path` that fit come here. */
export function addClientFiles(app: UwsApp, path: string, pattern: () => RegExp, cors: CorsOption): void {
  let files: ClientFiles | null = null;
  app.get(`${path}/*`, (uwsResponse, uwsRequest) => {
    const url = uwsRequest.getUrl();
    if (!pattern().test(url)) {
      uwsRequest.setYield(true);
      return;
    }
    const { request, response } = openExchange(uwsResponse, uwsRequest);
    files ??= openClientFiles(cors);
    if (!files?.handle(nameOf(url), request, response)) response.writeHead(404).end();
  });
}

/** Returns the files, or `null` where they were left behind: a program may be bundled into one file with its server. */
function openClientFiles(cors: CorsOption): ClientFiles | null {
  const manifest = join(HOME, 'package.json');
  if (!existsSync(manifest)) return null;
  // The packages are released together, so the version of this one is the client's.
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  return new ClientFiles({ folder: join(HOME, 'client-dist'), version, cors: createCorsMiddleware(cors) });
}

function nameOf(url: string): string {
  const path = url.split('?', 1)[0]!;
  return path.slice(path.lastIndexOf('/') + 1);
}
