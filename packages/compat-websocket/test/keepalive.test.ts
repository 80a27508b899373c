import { describe, expect, test } from 'vitest';
import { PING, PONG, TEXT } from '../../ws/test/rig/raw-frame.ts';
import { requestRaw } from '../../ws/test/rig/raw-peer.ts';
import { LIBRARIES, type Library } from './rig/libraries.ts';
import { closeOf, openServerSide } from './rig/pairs.ts';
import { startServer } from './rig/scenarios.ts';

const each = Object.entries(LIBRARIES) as [string, Library][];
const SHORT = { keepaliveInterval: 30, keepaliveGracePeriod: 30 };

describe.each(each)('server of %s', (_, library) => {
  test('pings a silent client, and drops it when it stays silent', async () => {
    const { connection, peer } = await openServerSide(library, SHORT);
    const closed = closeOf(connection);
    expect(await peer.frame()).toMatchObject({ opcode: PING });
    expect(await closed).toEqual({ code: 1006, description: 'Peer not responding.' });
    expect((await peer.readToEnd()).length).toBe(0);
  });

  test('keeps a client that answers', async () => {
    const { connection, peer } = await openServerSide(library, { ...SHORT, keepaliveGracePeriod: 20_000 });
    for (let i = 0; i < 3; i++) {
      expect(await peer.frame()).toMatchObject({ opcode: PING });
      peer.sendFrame(i === 1 ? TEXT : PONG);
    }
    expect(connection.connected).toBe(true);
  });

  test('only pings where nobody is to be dropped', async () => {
    const { connection, peer } = await openServerSide(library, {
      keepaliveInterval: 20,
      dropConnectionOnKeepaliveTimeout: false,
    });
    for (let i = 0; i < 3; i++) expect(await peer.frame()).toMatchObject({ opcode: PING });
    expect(connection.connected).toBe(true);
  });

  test('leaves it to TCP where that is wanted', async () => {
    const { connection, peer } = await openServerSide(library, { ...SHORT, useNativeKeepalive: true });
    connection.sendUTF('only this');
    expect(await peer.text()).toBe('only this');
  });

  test.each([
    [
      { keepaliveInterval: undefined },
      'keepaliveInterval must be specified and numeric if keepalive is true.',
    ],
    [
      { keepaliveGracePeriod: undefined },
      'keepaliveGracePeriod  must be specified and numeric if dropConnectionOnKeepaliveTimeout is true.',
    ],
  ])('throws for %o', async (config, message) => {
    const { server, port } = await startServer(library, config);
    const thrown = new Promise<unknown>((resolve) => {
      server.on('request', (request) => {
        try {
          request.accept();
        } catch (error) {
          resolve(error);
          request.socket.destroy();
        }
      });
    });
    await requestRaw(port);
    expect(await thrown).toMatchObject({ message });
  });
});
