/** Connections that end, and listeners that throw, in the midst of something. */
import { Manager, NodeWebSocket } from '@hawser/client';
import { Decoder, Encoder } from 'socket.io-parser';
import { expect, onTestFinished, test } from 'vitest';
import { nextUncaught } from '../../engine/test/rig/uncaught.ts';
import { connect, eventOf } from './rig/clients.ts';
import { startListening, startServer } from './rig/servers.ts';

test('what waits while a connection ends within the first send goes out over the next, in order', async () => {
  const { url, heard } = await startListening();
  let ends = 1;
  class Ending extends NodeWebSocket {
    override write(packets: Parameters<NodeWebSocket['write']>[0]): void {
      super.write(packets);
      const isEvent = packets.some(({ data }) => String(data).includes('said'));
      if (isEvent && ends-- > 0) this.onClose();
    }
  }
  const socket = connect(url, { transports: [Ending] });
  // Its answer comes over the connection that was given up.
  socket.emit('said', 'first', () => {});
  await Promise.all(['second', 'third'].map((what) => socket.emitWithAck('said', what)));
  expect(heard).toEqual(['first', 'second', 'third']);
  expect(ends).toBeLessThan(1);
});

test('what waits while a program closes the connection within a send goes out over the next, in order', async () => {
  const { url, heard } = await startListening();
  const socket = connect(url, { transports: ['websocket'] });
  socket.onAnyOutgoing((_event, what) => {
    if (what === 'second') socket.io.engine.close();
  });
  for (const what of ['first', 'second']) socket.emit('said', what, () => {});
  await Promise.all(['third', 'fourth'].map((what) => socket.emitWithAck('said', what)));
  // Its listener closed what the second was to go out over.
  expect(heard.filter((what) => what !== 'second')).toEqual(['first', 'third', 'fourth']);
});

test('a socket whose connection is ended while the answer to CONNECT is handed out connects over the next', async () => {
  const { url, connections } = await startListening();
  const manager = new Manager(url, { autoConnect: false, transports: ['websocket'], reconnectionDelay: 10 });
  manager.once('packet', () => manager.engine.close());
  const socket = manager.socket('/').connect();
  onTestFinished(() => void socket.disconnect());
  await eventOf(socket, 'connect');
  await socket.timeout(2000).emitWithAck('said', 'it works');
  expect(connections()).toBe(2);
});

test('packets that a parser reads together are all delivered, whatever the listeners throw', async () => {
  const { url } = await startServer({}, (io) => io.on('connection', (peer) => peer.emit('twice')));
  class Doubling extends Decoder {
    override add(chunk: string): void {
      super.add(chunk);
      if (chunk.includes('twice')) super.add(chunk);
    }
  }
  const socket = connect(url, { parser: { Encoder, Decoder: Doubling } as never });
  let count = 0;
  const uncaught = nextUncaught();
  await new Promise<void>((resolve) => {
    socket.on('twice', () => {
      if (count++ > 0) resolve();
      else throw new Error('a listener of the program');
    });
  });
  expect((await uncaught).message).toBe('a listener of the program');
});
