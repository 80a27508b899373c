import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { Server } from '@hawser/io';
import { describe, expect, it, onTestFinished } from 'vitest';
import { listenOn } from '../rig/servers.ts';

const isBuilt = existsSync(join(__dirname, '../../client-dist/socket.io.js'));

async function start(options: object): Promise<string> {
  const http = createServer(
    (request, response) => void response.end(`the user's own answer to ${request.url}`),
  );
  const io = new Server(http, options);
  const port = await listenOn(http);
  onTestFinished(() => io.close());
  return `http://127.0.0.1:${port}`;
}

describe('a server with client files', () => {
  it('answers for them under its path, whether they are built or not, and leaves all else as it was', async () => {
    const url = await start({ path: '/chat/' });
    const file = await fetch(`${url}/chat/socket.io.js?v=1`);
    expect(file.status).toBe(isBuilt ? 200 : 404);
    expect(await file.text()).toContain(isBuilt ? 'io' : 'the client has not been built');
    expect(await (await fetch(`${url}/socket.io/socket.io.js`)).text()).toContain("the user's own answer");
    const handshake = await fetch(`${url}/chat/?EIO=4&transport=polling`);
    expect(await handshake.text()).toContain('"sid"');
  });

  it('does not where it was told not to', async () => {
    const url = await start({ serveClient: false });
    const answer = await fetch(`${url}/socket.io/socket.io.js`);
    expect(await answer.json()).toEqual({ code: 0, message: 'Transport unknown' });
  });
});
