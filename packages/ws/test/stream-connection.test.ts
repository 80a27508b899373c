import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import type { SendResult, ServerSocket, WebSocketServerOptions } from '@hawser/ws';
import { describe, expect, test } from 'vitest';
import { CERTIFICATE } from './rig/certificate.ts';
import { recordCloses } from './rig/closes.ts';
import { connectInMemory } from './rig/http-duplex.ts';
import { Queue } from './rig/queue.ts';
import { BINARY, CLOSE, closePayload, frame, PONG, TEXT } from './rig/raw-frame.ts';
import { connectRaw, handshakeRequest, openRaw, RawPeer } from './rig/raw-peer.ts';
import { makeServer, startHttp, startHttps, startServer } from './rig/servers.ts';
import { block, MORE_THAN_THE_KERNEL, openSlow, turn } from './rig/slow-peers.ts';

describe('any Duplex', () => {
  const ECHO = {
    message: (socket: ServerSocket, data: Buffer, isBinary: boolean) =>
      void socket.send(data, { binary: isBinary }),
  };

  /** Opens a connection to an echo over some kind of stream. */
  const STREAMS: Record<string, (options: WebSocketServerOptions<undefined>) => Promise<RawPeer>> = {
    'a TCP socket': async (options) => connectRaw((await startServer(options)).port),
    'a TCP socket of node:http': async (options) => {
      const { http, port } = await startHttp();
      makeServer(options).attach(http);
      return connectRaw(port);
    },
    'a TLS socket': async (options) => {
      const { port } = await startServer(options, { tls: CERTIFICATE });
      return new RawPeer(connectTls({ port, host: '127.0.0.1', ca: CERTIFICATE.cert }));
    },
    'a TLS socket of node:https': async (options) => {
      const { http, port } = await startHttps();
      makeServer(options).attach(http);
      return new RawPeer(connectTls({ port, host: '127.0.0.1', ca: CERTIFICATE.cert }));
    },
    'a stream in memory': async (options) => {
      const { http } = await startHttp();
      makeServer(options).attach(http);
      return connectInMemory(http);
    },
  };
  const NAMES = Object.keys(STREAMS);
  /** An in-memory stream does not pass on that its other end was destroyed. */
  const SOCKETS = NAMES.filter((name) => name.includes('socket'));

  async function openOver(name: string, options: WebSocketServerOptions<undefined>): Promise<RawPeer> {
    const peer = await STREAMS[name]!(options);
    peer.write(handshakeRequest());
    expect((await peer.response()).status).toBe(101);
    return peer;
  }

  test.each(NAMES)('server echoes and closes over %s', async (name) => {
    const { closes, close } = recordCloses();
    const peer = await openOver(name, { ...ECHO, close });
    for (const size of [0, 5, 5_000, 500_000]) {
      const bytes = Buffer.alloc(size, 'abc');
      peer.sendFrame(BINARY, bytes);
      expect((await peer.frame()).payload.equals(bytes)).toBe(true);
    }
    peer.sendFrame(CLOSE, closePayload(4000, 'done'));
    expect(await peer.close()).toEqual({ code: 4000, reason: '' });
    await peer.ended;
    peer.stream.end();
    expect(await closes.next()).toEqual({ code: 4000, reason: 'done' });
  });

  test.each(NAMES)('server answers all and reports 1006 when the peer ends its side of %s', async (name) => {
    const { closes, close } = recordCloses();
    const peer = await openOver(name, { ...ECHO, close });
    peer.write(frame(TEXT, '1'), frame(TEXT, '2'));
    peer.stream.end(frame(TEXT, '3').subarray(0, 4));
    expect([await peer.text(), await peer.text()]).toEqual(['1', '2']);
    await peer.ended;
    expect(await closes.next()).toEqual({ code: 1006, reason: '' });
  });

  test('server reads all that came over TLS when a handler closes while a message is compressed', async () => {
    const messages = new Queue<string>();
    const { port } = await startServer(
      {
        compression: true,
        message: (socket, data) => {
          messages.push(data.toString('latin1', 0, 1));
          if (data[0] === 0x61) socket.send('compress me'.repeat(6000));
          if (data[0] === 0x62) socket.close();
        },
      },
      { tls: CERTIFICATE },
    );
    const peer = new RawPeer(connectTls({ port, host: '127.0.0.1', ca: CERTIFICATE.cert }));
    peer.write(handshakeRequest({ 'Sec-WebSocket-Extensions': 'permessage-deflate' }));
    expect((await peer.response()).status).toBe(101);
    const letters = [...'abcdefgh'];
    peer.write(...letters.map((letter) => frame(TEXT, letter.repeat(6000))));
    expect(await messages.take(letters.length)).toEqual(letters);
  });

  test.each(SOCKETS)('server reports 1006 when %s is destroyed', async (name) => {
    const { closes, close } = recordCloses();
    const peer = await openOver(name, { ...ECHO, close });
    peer.stream.destroy();
    expect(await closes.next()).toMatchObject({ code: 1006 });
  });

  test.each(SOCKETS)('server cuts %s on terminate', async (name) => {
    const { closes, close } = recordCloses();
    const peer = await openOver(name, { message: (socket) => socket.terminate(), close });
    peer.sendFrame(TEXT, 'go');
    expect(await closes.next()).toEqual({ code: 1006, reason: '' });
    await peer.closed;
  });

  test.each(NAMES)('server holds %s back when its peer does not read', async (name) => {
    const [results, drains] = [new Queue<SendResult>(), new Queue<number>()];
    const peer = await openOver(name, {
      maxBufferedBytes: 2 * MORE_THAN_THE_KERNEL,
      message: async (socket) => {
        results.push(socket.send(Buffer.alloc(MORE_THAN_THE_KERNEL)));
        await turn();
        results.push(socket.send('waits'));
      },
      drain: (socket) => drains.push(socket.bufferedBytes),
    });
    peer.stream.pause();
    peer.sendFrame(TEXT, 'go');
    expect(await results.take(2)).toEqual(['queued', 'queued']);
    peer.stream.resume();
    expect((await peer.frame()).payload).toHaveLength(MORE_THAN_THE_KERNEL);
    expect(await peer.text()).toBe('waits');
    // What waited was given to the stream, which may take a turn to pass it on.
    expect(await drains.next()).toBeLessThan(100);
  });
});

describe('broken streams', () => {
  test('server reports 1006 with the cause when the peer resets', async () => {
    const { peer, closes, socket } = await openSlow();
    peer.stream.resume();
    (peer.stream as Socket).resetAndDestroy();
    expect(await closes.next()).toEqual({ code: 1006, reason: expect.stringMatching(/ECONNRESET|EPIPE/) });
    expect(socket.readyState).toBe(3);
  });

  test('server reports 1006 when the peer resets while much waits to be sent', async () => {
    const { peer, closes, socket } = await openSlow();
    await block(socket);
    socket.send('waits');
    (peer.stream as Socket).resetAndDestroy();
    expect(await closes.next()).toMatchObject({ code: 1006 });
    expect(socket.send('late')).toBe('closed');
  });

  test('server cuts a stream that stays open behind its error', async () => {
    const { closes, close } = recordCloses();
    const { http } = await startHttp();
    makeServer({ close }).attach(http);
    const upgraded = new Promise<Duplex>((resolve) => {
      http.once('upgrade', (_request, stream) => resolve(stream));
    });
    const peer = connectInMemory(http);
    peer.write(handshakeRequest());
    expect((await peer.response()).status).toBe(101);
    const stream = await upgraded;
    stream.emit('error', new Error('the link is lost'));
    expect(stream.destroyed).toBe(true);
    expect(await closes.next()).toEqual({ code: 1006, reason: 'the link is lost' });
  });

  test.each(['own port', 'attached'])(
    'server (%s) does not blame itself when it sends to a peer that ended its side',
    async (how) => {
      const { closes, close } = recordCloses();
      const options: WebSocketServerOptions<undefined> = {
        message: (socket) => {
          // Sent in the same turn as the end comes in, and in the turns behind it.
          const sendOn = (times: number) => {
            if (socket.send('late') !== 'closed' && times > 0) setImmediate(sendOn, times - 1);
          };
          sendOn(5);
        },
        close,
      };
      const { http, port: httpPort } = await startHttp();
      const server = makeServer(options);
      server.attach(http);
      const port = how === 'attached' ? httpPort : (await server.listen({ host: '127.0.0.1' })).port;
      const peer = await openRaw(port);
      peer.stream.end(frame(TEXT, 'go'));
      expect(await peer.text()).toBe('late');
      expect(await closes.next()).toEqual({ code: 1006, reason: '' });
    },
  );

  test('server reports a close frame although the peer ended right behind it', async () => {
    const { peer, closes } = await openSlow();
    peer.stream.resume();
    peer.stream.end(frame(CLOSE, closePayload(4000, 'bye')));
    expect(await peer.close()).toEqual({ code: 4000, reason: '' });
    expect(await closes.next()).toEqual({ code: 4000, reason: 'bye' });
  });

  test('server answers a ping that came with the end', async () => {
    const { peer } = await openSlow();
    peer.stream.resume();
    peer.stream.end(frame(9, 'still there?'));
    expect(await peer.frame()).toMatchObject({ opcode: PONG, payload: Buffer.from('still there?') });
    await peer.ended;
  });
});
