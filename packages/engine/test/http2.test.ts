import { connect, createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { Server, type Socket } from '@hawser/engine';
import { expect, onTestFinished, test } from 'vitest';

test('server polls over HTTP/2', async () => {
  const http = createServer((_request, response) => {
    response.end("the user's own");
  });
  const engine = new Server({ cors: { origin: '*' }, httpCompression: { threshold: 10 } });
  engine.on('connection', (session: Socket) => {
    session.on('message', (data) => session.send(`${data} `.repeat(50)));
  });
  engine.attach(http);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const client = connect(`http://127.0.0.1:${(http.address() as AddressInfo).port}`);
  onTestFinished(() => {
    client.destroy();
    engine.close();
    http.close();
  });

  async function ask(path: string, body?: string): Promise<{ status: unknown; text: string }> {
    const stream = client.request({ ':path': path, ':method': body === undefined ? 'GET' : 'POST' });
    stream.setEncoding('utf8');
    stream.end(body);
    let status: unknown;
    let text = '';
    stream.on('response', (headers) => {
      status = headers[':status'];
    });
    for await (const part of stream) text += part;
    return { status, text };
  }

  const path = '/engine.io/?EIO=4&transport=polling';
  expect((await ask('/other')).text).toBe("the user's own");
  expect((await ask(`${path}&sid=nobody`)).status).toBe(400);
  const handshake = await ask(path);
  const { sid } = JSON.parse(handshake.text.slice(1));
  const polling = ask(`${path}&sid=${sid}`);
  expect(await ask(`${path}&sid=${sid}`, '4hello')).toEqual({ status: 200, text: 'ok' });
  expect((await polling).text).toBe(`4${'hello '.repeat(50)}`);
  expect((await ask(`${path}&sid=${sid}`, 'x')).status).toBe(400);
  expect(engine.clientsCount).toBe(0);
});
