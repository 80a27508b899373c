import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { ServerOptions } from '../src/server.ts';
import { STATUS_CODE } from '../src/violation-error.ts';
import { clientFrame, closeOf, openRaw, readAll, startServer } from './rig.ts';

const A = Buffer.from('a');

/** What the server says to a client that sends `frames`: the error, and the bytes behind the handshake. */
async function attack(
  options: ServerOptions,
  frames: Buffer,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ error: Error & { code: string; [STATUS_CODE]: number }; close: number; sent: string }> {
  const { server, url } = await startServer(options);
  const raw = openRaw(url, headers);
  const [peer] = await once(server, 'connection');
  const failed = once(peer, 'error');
  const closed = closeOf(peer);
  raw.write(frames);
  const answer = await readAll(raw);
  const [error] = await failed;
  const [close] = await closed;
  return { error, close, sent: answer.subarray(answer.indexOf('\r\n\r\n') + 4).toString('hex') };
}

const INVALID = 'Invalid WebSocket frame:';

describe('what a hostile client sends', () => {
  it.each<[string, ServerOptions, Buffer, string, string, number]>([
    [
      'a reserved opcode',
      {},
      clientFrame(0x83, A),
      'WS_ERR_INVALID_OPCODE',
      `${INVALID} invalid opcode 3`,
      1002,
    ],
    [
      'a lone continuation',
      {},
      clientFrame(0x80, A),
      'WS_ERR_INVALID_OPCODE',
      `${INVALID} invalid opcode 0`,
      1002,
    ],
    [
      'a message within another',
      {},
      Buffer.concat([clientFrame(0x01, A), clientFrame(0x81, A)]),
      'WS_ERR_INVALID_OPCODE',
      `${INVALID} invalid opcode 1`,
      1002,
    ],
    ['RSV1', {}, clientFrame(0xc1, A), 'WS_ERR_UNEXPECTED_RSV_1', `${INVALID} RSV1 must be clear`, 1002],
    [
      'RSV2',
      {},
      clientFrame(0xa1, A),
      'WS_ERR_UNEXPECTED_RSV_2_3',
      `${INVALID} RSV2 and RSV3 must be clear`,
      1002,
    ],
    [
      'no mask',
      {},
      Buffer.from('810161', 'hex'),
      'WS_ERR_EXPECTED_MASK',
      `${INVALID} MASK must be set`,
      1002,
    ],
    [
      'a fragmented ping',
      {},
      clientFrame(0x09, A),
      'WS_ERR_EXPECTED_FIN',
      `${INVALID} FIN must be set`,
      1002,
    ],
    [
      'a long ping',
      {},
      Buffer.from('89fe007e00000000', 'hex'),
      'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH',
      `${INVALID} invalid payload length 126`,
      1002,
    ],
    [
      'a long ping of which no length comes',
      {},
      Buffer.from('89ff', 'hex'),
      'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH',
      `${INVALID} invalid payload length 127`,
      1002,
    ],
    [
      'half a close code',
      {},
      clientFrame(0x88, A),
      'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH',
      `${INVALID} invalid payload length 1`,
      1002,
    ],
    [
      'a close code for local use',
      {},
      clientFrame(0x88, Buffer.from([3, 0xed])),
      'WS_ERR_INVALID_CLOSE_CODE',
      `${INVALID} invalid status code 1005`,
      1002,
    ],
    [
      'text that is not UTF-8',
      {},
      clientFrame(0x81, Buffer.from([0xff])),
      'WS_ERR_INVALID_UTF8',
      `${INVALID} invalid UTF-8 sequence`,
      1007,
    ],
    [
      'a message over maxPayload',
      { maxPayload: 4 },
      clientFrame(0x82, Buffer.alloc(5)),
      'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH',
      'Max payload size exceeded',
      1009,
    ],
    [
      'fragments over maxPayload together',
      { maxPayload: 4 },
      Buffer.concat([clientFrame(0x02, Buffer.alloc(3)), clientFrame(0x80, Buffer.alloc(2))]),
      'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH',
      'Max payload size exceeded',
      1009,
    ],
    [
      'a length that no number holds',
      { maxPayload: 0 },
      Buffer.from('82ff002000000000000000000000', 'hex'),
      'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH',
      'Unsupported WebSocket frame: payload length > 2^53 - 1',
      1009,
    ],
    [
      'more fragments than maxFragments',
      { maxFragments: 2 },
      Buffer.concat([clientFrame(0x01, A), clientFrame(0x00, A), clientFrame(0x00, A)]),
      'WS_ERR_TOO_MANY_BUFFERED_PARTS',
      'Too many message fragments',
      1008,
    ],
  ])('server fails the connection for %s', async (_, options, frames, code, message, status) => {
    const { error, close, sent } = await attack(options, frames);
    expect([error.code, error.message, error[STATUS_CODE]]).toEqual([code, message, status]);
    expect(error).toBeInstanceOf(code === 'WS_ERR_INVALID_UTF8' ? Error : RangeError);
    expect(sent).toBe(`8802${status.toString(16).padStart(4, '0')}`);
    expect(close).toBe(1006);
  });

  it.each([
    ['corrupt', Buffer.from('ffffffff', 'hex'), 'Z_DATA_ERROR', 1007],
    ['too large once inflated', deflatedZeroes(), 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH', 1009],
  ])('server fails the connection for compressed data that is %s', async (_, payload, code, status) => {
    const { error } = await attack(
      { maxPayload: 1000, perMessageDeflate: true },
      clientFrame(0xc2, payload),
      {
        'Sec-WebSocket-Extensions': 'permessage-deflate',
      },
    );
    expect([error.code, error[STATUS_CODE]]).toEqual([code, status]);
  });

  it.each([
    ['16 bits for one byte', '82fe00010000000041'],
    ['64 bits for one byte', '82ff00000000000000010000000041'],
  ])('server lets a length of %s pass', async (_, frame) => {
    const { server, url } = await startServer();
    const raw = openRaw(url);
    const [peer] = await once(server, 'connection');
    raw.write(Buffer.from(frame, 'hex'));
    expect(await once(peer, 'message')).toEqual([Buffer.from('A'), true]);
  });

  it('server delivers invalid UTF-8 when told not to look', async () => {
    const { server, url } = await startServer({ skipUTF8Validation: true });
    const raw = openRaw(url);
    const [peer] = await once(server, 'connection');
    raw.write(clientFrame(0x81, Buffer.from([0xff])));
    expect(await once(peer, 'message')).toEqual([Buffer.from([0xff]), false]);
  });

  it('server answers no ping without autoPong', async () => {
    const { server, url } = await startServer({ autoPong: false });
    const raw = openRaw(url);
    const [peer] = await once(server, 'connection');
    raw.write(clientFrame(0x89, A));
    expect(String((await once(peer, 'ping'))[0])).toBe('a');
    peer.close();
    raw.end();
    const answer = await readAll(raw);
    expect(answer.subarray(answer.indexOf('\r\n\r\n') + 4).toString('hex')).toBe('8800');
  });
});

function deflatedZeroes(): Buffer {
  const { deflateRawSync, constants } = process.getBuiltinModule('node:zlib');
  return deflateRawSync(Buffer.alloc(50_000), { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
}
