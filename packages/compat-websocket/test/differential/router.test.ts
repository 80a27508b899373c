import { describe, expect, test } from 'vitest';
import type { router as Router } from 'websocket';
import { requestRaw } from '../../../ws/test/rig/raw-peer.ts';
import { Journal } from '../rig/journal.ts';
import { LIBRARIES, type Library } from '../rig/libraries.ts';
import { startServer } from '../rig/scenarios.ts';

const MOUNTS: readonly (readonly [path: string | RegExp, protocol: string | null])[] = [
  ['/chat', 'Chat'],
  ['/chat', null],
  [/^\/rooms\/\d+$/, '*'],
  ['*', 'anywhere'],
];

const REQUESTS: readonly (readonly [path: string, protocols: string | undefined])[] = [
  ['/chat', 'chat'],
  ['/chat?x=1', 'CHAT'],
  ['/chat', undefined],
  ['/chat', 'other, chat'],
  ['/chat', 'other'],
  ['/rooms/12', undefined],
  ['/rooms/12', 'first, second'],
  ['/rooms/x', undefined],
  ['/elsewhere', 'anywhere'],
];

/** Sends requests to a router, and returns which handler took each, and the answers. */
async function play(library: Library): Promise<unknown[]> {
  const journal = new Journal();
  const { server, port } = await startServer(library);
  const router = new library.router({ server });
  MOUNTS.forEach(([path, protocol], index) => {
    router.mount(path, protocol, (request) => {
      const { webSocketRequest: _, httpRequest, resourceURL, ...rest } = request;
      journal.note('routed', index, rest.protocol, rest.origin, rest.resource, rest.webSocketVersion);
      journal.note('with', httpRequest.url, resourceURL.pathname, rest.cookies, rest.requestedExtensions);
      request.on('requestAccepted', (connection) => journal.note('accepted', connection.protocol));
      request.accept(request.origin, undefined as never).close();
    });
  });
  for (const [path, protocols] of REQUESTS) {
    const headers = { 'Sec-WebSocket-Protocol': protocols, Origin: 'http://example.test' };
    const peer = await requestRaw(port, headers, path);
    journal.note('answer', await peer.head());
    await peer.readToEnd();
    peer.stream.end();
  }
  return journal.entries;
}

describe('router', () => {
  test('takes requests to handlers by path and protocol', async () => {
    expect(await play(LIBRARIES.ours)).toEqual(await play(LIBRARIES.upstream));
  });

  test.each<[string, (router: Router, library: Library) => unknown]>([
    ['mount without a path', (router) => router.mount('', null, () => {})],
    ['mount without a callback', (router) => router.mount('/x', null, undefined as never)],
    ['mount of something that is no path', (router) => router.mount(5 as never, null, () => {})],
    ['mount of a path twice', (router) => [0, 1].map(() => router.mount('/x', 'A', () => {}))],
    ['unmount of what is not there', (router) => router.unmount('/x', 'a')],
    ['unmount of what is there', (router) => [router.mount('/x', 'A', () => {}), router.unmount('/x', 'a')]],
    ['attachServer without one', (router) => router.attachServer(undefined as never)],
    ['detachServer without one', (router) => router.detachServer()],
    ['paths', (router) => router.findHandlerIndex(String(router.pathToRegExp('/a.b')), 'c')],
  ])('answers %s as upstream does', (name, act) => {
    const [theirs, mine] = [LIBRARIES.upstream, LIBRARIES.ours].map((library) => {
      const journal = new Journal();
      const router = new library.router();
      journal.attempt(name, () => act(router, library));
      return [journal.entries, router.handlers.length, String(router.pathToRegExp('/a.b(c)'))];
    });
    expect(mine).toEqual(theirs);
  });
});
