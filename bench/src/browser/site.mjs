import { once } from 'node:events';
import { createServer } from 'node:http';
import { Server } from 'socket.io';
import { pageFor } from './page.mjs';

const SCRIPT = { 'Content-Type': 'text/javascript; charset=utf-8', 'Cache-Control': 'no-store' };
const PAGE = { 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-store' };

/** Serves a page for each bundle and way to connect, and the server that all of them connect to. */
export async function startSite(bundles, waysToConnect) {
  const httpServer = createServer((request, response) => {
    const [, kind, index, way] = new URL(request.url, 'http://site').pathname.split('/');
    const bundle = bundles[index];
    if (kind === 'bundle') response.writeHead(200, SCRIPT).end(bundle.source);
    else if (kind === 'page') response.writeHead(200, PAGE).end(page(bundle, index, waysToConnect[way]));
    else response.writeHead(404).end();
  });
  const io = new Server(httpServer, { serveClient: false });
  httpServer.listen(0, '127.0.0.1');
  await once(httpServer, 'listening');
  const origin = `http://127.0.0.1:${httpServer.address().port}`;
  return {
    addressOf: (bundle, way) => `${origin}/page/${bundles.indexOf(bundle)}/${way}`,
    close: () => io.close(),
  };
}

function page({ isModule }, index, clientOptions) {
  return pageFor({ isModule, path: `/bundle/${index}` }, clientOptions);
}
