import { describe, expect, it } from 'vitest';
import { MAX_COPIED_BYTES } from '../../src/websocket/frame-writer.ts';
import { prepareMessage } from '../../src/websocket/prepared-message.ts';
import { bytes, concat, encodeFrame, hex, pattern, utf8 } from './frame-notation.ts';
import { describeFrames, openSession, openSessionOn, traced } from './recorder.ts';

const usageError = (code: string) => expect.objectContaining({ name: 'WebSocketUsageError', code });

describe('RFC 6455 5.6 data frames', () => {
  it('server delivers masked text', () => {
    const { connection, trace } = openSession('server');
    connection.receive(bytes('8185 37fa213d 7f9f4d5158'));
    expect(trace).toEqual(['text Hello']);
  });

  it('client delivers unmasked text', () => {
    const { connection, trace } = openSession('client');
    connection.receive(bytes('8105 48656c6c6f'));
    expect(trace).toEqual(['text Hello']);
  });

  it('server sends unmasked frames', () => {
    const { connection, sentHex } = openSession('server');
    expect(connection.sendMessage('Hello', false)).toBe(true);
    expect(connection.sendMessage(bytes('00ff'), true)).toBe(true);
    expect(sentHex()).toBe('810548656c6c6f820200ff');
  });

  it('client sends masked frames', () => {
    const { connection, sentHex } = openSession('client');
    connection.sendMessage('Hello', false);
    connection.sendMessage(bytes('00ff'), true);
    expect(sentHex()).toBe('818537fa213d7f9f4d5158828237fa213d3705');
  });

  it('server sends text given as bytes, and binary given as text', () => {
    const { connection, sent } = openSession('server');
    connection.sendMessage(utf8('Grüße'), false);
    connection.sendMessage('a', true);
    expect(sent()).toEqual(['text Grüße', 'binary 61']);
  });

  it('server sends a compressed message with RSV1', () => {
    const { connection, sentHex } = openSession('server', { allowsRsv1: true });
    connection.sendMessage(bytes('010203'), false, true);
    expect(sentHex()).toBe('c103010203');
  });

  it('server sends a message in fragments, and the next one whole', () => {
    const { connection, sentHex } = openSession('server', { allowsRsv1: true });
    connection.sendMessage(bytes('01'), true, true, false);
    connection.sendMessage('b', false, true, false);
    connection.sendMessage('', false, false, true);
    connection.sendMessage('d', false);
    expect(sentHex()).toBe('420101' + '000162' + '8000' + '810164');
  });

  it('server answers all of one chunk in one run', () => {
    const { connection, recorder } = openSession('server');
    recorder.react = (_, data, isBinary) => connection.sendMessage(data, isBinary);
    connection.receive(concat(['a', 'b', 'c'].map((text) => encodeFrame(0x81, utf8(text), 7))));
    expect(hex(connection.outbox.takeSingle()!)).toBe('810161810162810163');
  });

  it('server sends one prepared message to many', () => {
    const first = openSession('server');
    const second = openSessionOn(first.endpoint, first.natives);
    const message = prepareMessage(first.endpoint.slab, 'news', false);
    expect([first, second].map(({ connection }) => connection.sendPrepared(message))).toEqual([true, true]);
    expect([first.sent(), second.sent()]).toEqual([['text news'], ['text news']]);
  });

  it('server that closes sends nothing more', () => {
    const { connection, endpoint, sent } = openSession('server');
    connection.close(1000);
    sent();
    expect(connection.isOpen).toBe(false);
    expect(connection.sendMessage('late', false)).toBe(false);
    expect(connection.sendPrepared(prepareMessage(endpoint.slab, 'late', false))).toBe(false);
    expect(connection.ping()).toBe(false);
    expect(connection.pong()).toBe(false);
    expect(sent()).toEqual([]);
  });

  it('connection reads nothing from an empty chunk', () => {
    const { connection, trace } = openSession('server');
    connection.receive(new Uint8Array(0));
    expect(trace).toEqual([]);
  });
});

describe('relay of large messages', () => {
  const large = pattern(MAX_COPIED_BYTES + 1);

  it('server sends on what it received in the memory that it came in', () => {
    const { connection, recorder } = openSession('server');
    recorder.react = (_, data, isBinary) => connection.sendMessage(data, isBinary);
    const chunk = concat([encodeFrame(0x89, bytes('01'), 7), encodeFrame(0x82, large, 7)]);
    connection.receive(chunk);
    const parts = connection.outbox.take();
    expect(parts.at(-1)!.buffer).toBe(chunk.buffer);
    expect(describeFrames(concat(parts), 'server')).toContain(traced('binary', large));
    expect(hex(recorder.received[0]!.data)).toBe(hex(large));
  });

  it('server sends one received message to many, as text and as binary, without spoiling any', () => {
    const first = openSession('server');
    const second = openSessionOn(first.endpoint, first.natives);
    const text = 'x'.repeat(MAX_COPIED_BYTES + 1);
    first.recorder.react = (_, data) => {
      first.connection.sendMessage(data, false);
      second.connection.sendMessage(data, true);
      second.connection.sendMessage(data, false);
      first.connection.sendPrepared(prepareMessage(first.endpoint.slab, data, true));
    };
    first.connection.receive(encodeFrame(0x81, utf8(text), 7));
    const [asText, asBinary] = [traced('text', utf8(text)), traced('binary', utf8(text))];
    expect(first.sent()).toEqual([asText, asBinary]);
    expect(second.sent()).toEqual([asBinary, asText]);
  });

  it('server sends a message that it kept like any other', () => {
    const { connection, recorder, sent } = openSession('server');
    connection.receive(encodeFrame(0x82, large, 7));
    connection.sendMessage(recorder.received[0]!.data, true);
    expect(sent()).toEqual([traced('binary', large)]);
  });

  it('server forgets the message in delivery when its handler throws', () => {
    const { connection, endpoint, recorder } = openSession('server');
    recorder.react = () => {
      throw new Error('broken handler');
    };
    expect(() => connection.receive(encodeFrame(0x82, large, 7))).toThrow('broken handler');
    expect(endpoint.slab.received).toBeNull();
  });

  it('client sends on a masked copy', () => {
    const { connection, recorder, sent } = openSession('client');
    recorder.react = (_, data, isBinary) => connection.sendMessage(data, isBinary);
    connection.receive(encodeFrame(0x82, large, null));
    expect(sent()).toEqual([traced('binary', large)]);
    expect(hex(recorder.received[0]!.data)).toBe(hex(large));
  });
});

describe('RFC 6455 5.5.2 ping and 5.5.3 pong', () => {
  it('server answers a ping with its payload, before it reports it', () => {
    const { connection, recorder, trace } = openSession('server');
    recorder.react = () => trace.push(hex(concat(connection.outbox.take())));
    connection.receive(bytes('8985 37fa213d 7f9f4d5158'));
    expect(trace).toEqual(['ping 48656c6c6f', '8a0548656c6c6f']);
  });

  it('client answers a ping with its payload, masked', () => {
    const { connection, trace, sentHex } = openSession('client');
    connection.receive(bytes('8905 48656c6c6f'));
    expect(trace).toEqual(['ping 48656c6c6f']);
    expect(sentHex()).toBe('8a8537fa213d7f9f4d5158');
  });

  it('client reports pongs and answers none', () => {
    const { connection, trace, sent } = openSession('client');
    connection.receive(bytes('8a00 8a01 ff'));
    expect(trace).toEqual(['pong', 'pong ff']);
    expect(sent()).toEqual([]);
  });

  it('server sends pings and pongs of its own', () => {
    const { connection, sentHex } = openSession('server');
    expect([
      connection.ping(),
      connection.ping(bytes('01')),
      connection.pong(),
      connection.pong(bytes('02')),
    ]).toEqual([true, true, true, true]);
    expect(sentHex()).toBe('89008901018a008a0102');
  });

  it('server sends a ping of 125 bytes and throws at more', () => {
    const { connection, sent } = openSession('server');
    expect(connection.ping(pattern(125))).toBe(true);
    expect(() => connection.ping(pattern(126))).toThrow(usageError('WS_ERR_CONTROL_PAYLOAD_ARGUMENT'));
    expect(() => connection.pong(pattern(126))).toThrow(usageError('WS_ERR_CONTROL_PAYLOAD_ARGUMENT'));
    expect(sent()).toEqual([traced('ping', pattern(125))]);
  });

  it('server answers each ping while few pongs wait', () => {
    const { connection, sent } = openSession('server');
    connection.receive(concat(Array.from({ length: 128 }, (_, i) => encodeFrame(0x89, Uint8Array.of(i), 7))));
    expect(sent()).toHaveLength(128);
  });

  it('server answers of a flood of pings the last one once there is room, and reports all', () => {
    const { connection, trace, sent } = openSession('server');
    connection.receive(
      concat(Array.from({ length: 1000 }, (_, i) => encodeFrame(0x89, Uint8Array.of(i), 7))),
    );
    expect(trace).toHaveLength(1000);
    expect(sent()).toHaveLength(128);
    connection.outboxWritten();
    expect(sent()).toEqual(['pong e7']);
    connection.outboxWritten();
    expect(sent()).toEqual([]);
    connection.receive(encodeFrame(0x89, bytes('61'), 7));
    expect(sent()).toEqual(['pong 61']);
  });

  it('server keeps of a flood of pings bytes of its own', () => {
    const { connection, sent } = openSession('server');
    const flood = concat(Array.from({ length: 129 }, () => encodeFrame(0x89, bytes('61'), 7)));
    connection.receive(flood);
    flood.fill(0);
    sent();
    connection.outboxWritten();
    expect(sent()).toEqual(['pong 61']);
  });

  it('server answers a flood of pings no more when it has closed', () => {
    const { connection, sent } = openSession('server');
    connection.receive(concat(Array.from({ length: 129 }, () => encodeFrame(0x89, bytes('61'), 7))));
    connection.receive(encodeFrame(0x88, bytes('03e8'), 7));
    expect(sent().slice(128)).toEqual(['close 1000']);
    connection.outboxWritten();
    expect(sent()).toEqual([]);
  });
});

describe('RFC 7692 6 compressed messages', () => {
  function openCompressed() {
    const session = openSession('server', { allowsRsv1: true });
    session.recorder.react = (name, data) => {
      // Compression for the test: all letters one further.
      if (name === 'compressed') waiting.push(data.map((byte) => byte - 1));
    };
    const waiting: Uint8Array[] = [];
    return { ...session, waiting };
  }

  it('server pauses behind a compressed message until it was delivered', () => {
    const { connection, recorder, trace, waiting } = openCompressed();
    recorder.inflate = () => {
      connection.pause();
      return null;
    };
    connection.receive(concat([encodeFrame(0xc1, utf8('bcd'), 7), encodeFrame(0x81, utf8('next'), 7)]));
    expect(trace).toEqual(['compressed text bcd'.replace('bcd', hex(utf8('bcd')))]);
    connection.deliver(waiting[0]!, false);
    connection.resume();
    expect(trace.slice(1)).toEqual(['text abc', 'text next']);
  });

  it('server delivers at once where the handler inflates at once', () => {
    const { connection, recorder, trace } = openCompressed();
    recorder.inflate = (data) => data;
    connection.receive(concat([encodeFrame(0xc2, bytes('ff'), 7), encodeFrame(0xc2, bytes('fe'), 7)]));
    expect(trace).toEqual(['compressed binary ff', 'binary ff', 'compressed binary fe', 'binary fe']);
  });

  it('server hands a large compressed message over without its headroom', () => {
    const { connection, trace, waiting } = openCompressed();
    connection.receive(encodeFrame(0xc2, pattern(5000), 7));
    expect(trace).toEqual([traced('compressed binary', pattern(5000))]);
    expect(waiting[0]).toHaveLength(5000);
  });

  it('server fails when text was not UTF-8 before it was compressed', () => {
    const { connection, recorder, trace, sent, status } = openCompressed();
    recorder.inflate = () => bytes('c328');
    connection.receive(encodeFrame(0xc1, utf8('a'), 7));
    expect(trace.slice(1)).toEqual(['closing', 'finished']);
    expect(sent()).toEqual(['close 1007 text is not UTF-8']);
    expect(status()).toBe('1007 "text is not UTF-8"');
  });

  it('server delivers text that is not UTF-8 where it does not check that', () => {
    const { connection, recorder, trace } = openSession('server', {
      allowsRsv1: true,
      habits: { validatesText: false },
    });
    recorder.inflate = () => bytes('c328');
    connection.receive(concat([encodeFrame(0xc1, utf8('a'), 7), encodeFrame(0x81, bytes('ff'), 7)]));
    expect(recorder.received.map(({ data }) => hex(data))).toEqual(['c328', 'ff']);
    expect(trace).toHaveLength(3);
  });

  it('server fails where the handler finds compressed data corrupt', () => {
    const { connection, recorder, sent } = openCompressed();
    recorder.inflate = () => {
      connection.violate('WS_ERR_INVALID_COMPRESSED_DATA');
      return null;
    };
    connection.receive(concat([encodeFrame(0xc1, utf8('a'), 7), encodeFrame(0x81, utf8('b'), 7)]));
    expect(sent()).toEqual(['close 1007 compressed data is corrupt']);
    expect(connection.violation).toEqual({ code: 'WS_ERR_INVALID_COMPRESSED_DATA', value: 0 });
    connection.violate('WS_ERR_INVALID_UTF8');
    expect(connection.violation).toEqual({ code: 'WS_ERR_INVALID_COMPRESSED_DATA', value: 0 });
  });

  it('server delivers no inflated message when it is finished', () => {
    const { connection, trace, waiting } = openCompressed();
    connection.receive(encodeFrame(0xc1, utf8('b'), 7));
    connection.abort('reset');
    connection.deliver(waiting[0]!, false);
    expect(trace.slice(1)).toEqual(['closing', 'finished']);
  });
});
