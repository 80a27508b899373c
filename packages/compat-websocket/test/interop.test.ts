import { randomBytes } from 'node:crypto';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { connection as Connection } from 'websocket';
import { CERTIFICATE } from '../../ws/test/rig/certificate.ts';
import { LIBRARIES, type Library } from './rig/libraries.ts';
import { closeOf, connectClient } from './rig/pairs.ts';
import { startServer } from './rig/scenarios.ts';

const { upstream, ours } = LIBRARIES;
const LARGE = { maxReceivedFrameSize: 8_000_000, maxReceivedMessageSize: 8_000_000 };
const SIZES = [0, 1, 125, 126, 4_096, 4_097, 16_384, 16_385, 65_535, 65_536, 200_000, 1_500_000];

function echo(connection: Connection): void {
  connection.on('message', (message) => {
    if (message.type === 'utf8') connection.sendUTF(message.utf8Data);
    else connection.sendBytes(message.binaryData);
  });
}

describe.each<[string, Library, Library]>([
  ['our client and our server', ours, ours],
  ['our client and a server of websocket', ours, upstream],
  ['a client of websocket and our server', upstream, ours],
])('%s', (_, clientLibrary, serverLibrary) => {
  test.each([true, false])(
    'exchange messages of all sizes, fragmented: %s',
    async (fragmentOutgoingMessages) => {
      const config = { ...LARGE, fragmentOutgoingMessages };
      const { server, url } = await startServer(serverLibrary, { ...config, autoAcceptConnections: true });
      server.on('connect', echo);
      const { connection, messages } = await connectClient(clientLibrary, url, config);
      for (const size of SIZES) {
        const bytes = randomBytes(size);
        connection.send(bytes);
        connection.send(bytes.toString('hex'));
        const [binary, text] = await messages.take(2);
        expect(binary?.type === 'binary' && binary.binaryData.equals(bytes)).toBe(true);
        expect(text?.type === 'utf8' && text.utf8Data === bytes.toString('hex')).toBe(true);
      }
      const closed = closeOf(connection);
      connection.close(4000, 'enough');
      expect(await closed).toEqual({ code: 4000, description: 'enough' });
    },
  );

  test('exchange messages over TLS', async () => {
    const httpServer = createServer(CERTIFICATE);
    const server = new serverLibrary.server({ httpServer, autoAcceptConnections: true });
    server.on('connect', echo);
    await new Promise<void>((resolve) => httpServer.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      httpServer.closeAllConnections();
      httpServer.close();
    });
    const url = `wss://localhost:${(httpServer.address() as AddressInfo).port}/`;
    const tlsOptions = { ca: CERTIFICATE.cert, family: 4 };
    const { connection, messages } = await connectClient(clientLibrary, url, { tlsOptions });
    const texts = Array.from({ length: 100 }, (_, i) => `${i}`.repeat(i * 10));
    for (const text of texts) connection.sendUTF(text);
    const received = await messages.take(texts.length);
    expect(received.map((message) => message.type === 'utf8' && message.utf8Data)).toEqual(texts);
    const closed = closeOf(connection);
    connection.close();
    expect((await closed).code).toBe(1000);
  });
});
