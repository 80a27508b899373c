import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { PerMessageDeflate } from '../src/permessage-deflate.ts';
import { Receiver } from '../src/receiver.ts';
import { Sender } from '../src/sender.ts';
import { WebSocket } from '../src/websocket.ts';
import { closeOf, connectPair, nextTexts, openClient } from './rig.ts';

/** What other packages lean on although nobody promised it. */
describe('private members', () => {
  it('_socket is the socket, and what was sent before is written when it is looked at', async () => {
    const { client, peer } = await connectPair();
    peer.send('first');
    (peer._socket as Socket).write(Buffer.from('8101', 'hex'));
    (peer._socket as Socket).write('x');
    expect(await nextTexts(client, 2)).toEqual(['first', 'x']);
    expect((peer._socket as Socket).remoteAddress).toBe('127.0.0.1');
    expect(openClient('ws://127.0.0.1:1')._socket).toBeNull();
  });

  it('_socket has all that was sent before, however slow the peer is', async () => {
    const { client, peer } = await connectPair({ perMessageDeflate: false });
    client.pause();
    peer.send(Buffer.alloc(12_000_000));
    await setTimeout(50);
    peer.send('first');
    (peer._socket as Socket).write(Buffer.from('81067365636f6e64', 'hex'));
    client.resume();
    const [, ...rest] = await nextTexts(client, 3);
    expect(rest).toEqual(['first', 'second']);
  });

  it('_socket.end() ends it behind what was sent before', async () => {
    const { client, peer } = await connectPair({ perMessageDeflate: false });
    client.pause();
    const errors: unknown[] = [];
    peer.send(Buffer.alloc(12_000_000), (error) => errors.push(error));
    await setTimeout(50);
    peer.send('last', (error) => errors.push(error));
    (peer._socket as Socket).end();
    client.resume();
    expect((await nextTexts(client, 2))[1]).toBe('last');
    expect(await closeOf(client)).toEqual([1006, '']);
    expect(errors.map(Boolean)).toEqual([false, false]);
  });

  it('_sender.sendFrame sends what Sender.frame made, behind what was sent before', async () => {
    const { client, peer } = await connectPair();
    const list = Sender.frame('broadcast', {
      fin: true,
      opcode: 1,
      mask: false,
      readOnly: false,
      rsv1: false,
    });
    expect(list.map((part) => part.toString('latin1'))).toEqual(['\x81\x09', 'broadcast']);
    peer.send('first');
    const sent = new Promise((resolve) => peer._sender!.sendFrame(list, resolve));
    peer._sender!.sendFrame(list);
    expect(await nextTexts(client, 3)).toEqual(['first', 'broadcast', 'broadcast']);
    expect(await sent).toBeFalsy();
    peer.terminate();
    expect(await new Promise((resolve) => peer._sender!.sendFrame(list, resolve))).toBeInstanceOf(Error);
  });

  it('_sender sends large frames by reference', async () => {
    const { client, peer } = await connectPair();
    const data = Buffer.alloc(100_000, 'a');
    peer._sender!.sendFrame(Sender.frame(data, { fin: true, opcode: 2 }));
    expect((await once(client, 'message'))[0].equals(data)).toBe(true);
  });

  it('options.mask against the role frames the other way', async () => {
    const { client, peer } = await connectPair();
    peer.send('a', { mask: true });
    const [error] = await once(client, 'error');
    expect(error.code).toBe('WS_ERR_UNEXPECTED_MASK');
  });

  it('_receiver tells of its settings, and of the end', async () => {
    const { client, peer } = await connectPair({ maxPayload: 1234 });
    expect(peer._receiver).toBeInstanceOf(Receiver);
    expect(peer._receiver!._maxPayload).toBe(1234);
    const concluded = once(peer._receiver!, 'conclude');
    client.close(1000, 'bye');
    expect(await concluded).toEqual([1000, Buffer.from('bye')]);
  });

  it('flags, codes and the extension have their names', async () => {
    const { client, peer } = await connectPair({ perMessageDeflate: true });
    expect(peer._extensions['permessage-deflate']).toBeInstanceOf(PerMessageDeflate);
    expect(peer).toMatchObject({
      _isServer: true,
      _autoPong: true,
      _closeCode: 1006,
      _closeFrameReceived: false,
      _closeFrameSent: false,
      _closeTimer: null,
      _readyState: 1,
      _protocol: '',
      _paused: false,
    });
    expect(client).toMatchObject({ _isServer: false, _redirects: 0, _req: null });
    client.close(1000, 'bye');
    expect(client._closeFrameSent).toBe(true);
    await once(client, 'close');
    expect([client._closeCode, String(client._closeMessage)]).toEqual([1000, 'bye']);
  });

  it('setSocket and emitClose can be called from outside', async () => {
    const { client } = await connectPair();
    const stream = client._socket!;
    const mine = new WebSocket(null, undefined, {});
    const opened = once(mine, 'open');
    mine.setSocket(stream, Buffer.alloc(0), { maxPayload: 10 });
    await opened;
    expect(mine.readyState).toBe(1);
    const closed = once(mine, 'close');
    mine.emitClose();
    expect((await closed)[0]).toBe(1006);
    expect(mine.readyState).toBe(3);
  });

  it('the server has its listeners, its state and completeUpgrade', async () => {
    const { server } = await connectPair();
    expect(server).toMatchObject({ _state: 0, _shouldEmitClose: false });
    expect([typeof server._removeListeners, typeof server.completeUpgrade]).toEqual(['function', 'function']);
    expect(server._server?.listening).toBe(true);
  });
});
