import { describe, expect, it } from 'vitest';
import { bytes, concat, cut, EXAMPLE_KEY, encodeFrame, utf8 } from './frame-notation.ts';
import { openSession } from './recorder.ts';

/** Text messages as a client sends them. */
function texts(...messages: readonly string[]): Uint8Array {
  return concat(messages.map((message) => encodeFrame(0x81, utf8(message), EXAMPLE_KEY)));
}

const CLOSE = encodeFrame(0x88, bytes('03e8'), EXAMPLE_KEY);

describe('pause and resume', () => {
  it('server keeps what comes while paused and delivers it in order', () => {
    const { connection, trace } = openSession('server');
    connection.pause();
    expect(connection.isPaused).toBe(true);
    for (const piece of cut(texts('a', 'b', 'c'), [3, 9, 10])) connection.receive(piece);
    expect(trace).toEqual([]);
    connection.resume();
    expect(connection.isPaused).toBe(false);
    connection.receive(texts('d'));
    expect(trace).toEqual(['text a', 'text b', 'text c', 'text d']);
  });

  it('server stops behind the message whose handler pauses', () => {
    const { connection, recorder, trace } = openSession('server');
    recorder.react = () => connection.pause();
    expect(connection.holdsInput).toBe(false);
    connection.receive(texts('a', 'b'));
    connection.receive(texts('c'));
    expect(trace).toEqual(['text a']);
    connection.resume();
    expect(trace).toEqual(['text a', 'text b']);
    expect(connection.holdsInput).toBe(true);
    connection.resume();
    expect([connection.isPaused, connection.holdsInput]).toEqual([true, false]);
    connection.resume();
    expect(trace).toEqual(['text a', 'text b', 'text c']);
  });

  it('server goes on at once when the handler pauses and resumes', () => {
    const { connection, recorder, trace } = openSession('server');
    recorder.react = () => {
      connection.pause();
      connection.resume();
    };
    connection.receive(texts('a', 'b'));
    expect(trace).toEqual(['text a', 'text b']);
  });

  it('server paused inside a message goes on inside it', () => {
    const { connection, trace } = openSession('server');
    const [first, second, third] = cut(texts('hello', 'b'), [8, 9]);
    connection.receive(first!);
    connection.pause();
    connection.receive(second!);
    connection.pause();
    connection.receive(third!);
    connection.resume();
    expect(trace).toEqual(['text hello', 'text b']);
  });

  it('server that is not paused resumes nothing', () => {
    const { connection, trace } = openSession('server');
    connection.resume();
    connection.receive(texts('a'));
    expect(trace).toEqual(['text a']);
  });

  it('server sends while delivery is paused', () => {
    const { connection, sent } = openSession('server');
    connection.pause();
    connection.sendMessage('a', false);
    connection.close(1000);
    expect(sent()).toEqual(['text a', 'close 1000']);
  });

  it('server answers no ping while paused, and answers it then', () => {
    const { connection, sent } = openSession('server');
    connection.pause();
    connection.receive(encodeFrame(0x89, bytes('61'), EXAMPLE_KEY));
    expect(sent()).toEqual([]);
    connection.resume();
    expect(sent()).toEqual(['pong 61']);
  });
});

describe('pause and the end', () => {
  it('server delivers what was kept before the end of input', () => {
    const { connection, trace, status } = openSession('server');
    connection.pause();
    connection.receive(texts('a'));
    connection.receiveEof();
    expect(trace).toEqual([]);
    connection.resume();
    expect(trace).toEqual(['text a', 'closing', 'finished']);
    expect(status()).toBe('1006 ""');
  });

  it('server that pauses again before the end of input waits again', () => {
    const { connection, recorder, trace } = openSession('server');
    connection.pause();
    connection.receive(texts('a'));
    connection.receiveEof();
    recorder.react = () => connection.pause();
    connection.resume();
    expect(trace).toEqual(['text a']);
    connection.resume();
    expect(trace).toEqual(['text a', 'closing', 'finished']);
  });

  it('client finishes at an end of input that came while paused behind the close frame', () => {
    const { connection, trace, status } = openSession('client');
    connection.pause();
    connection.receive(bytes('8101 61 8802 03e8'));
    connection.receiveEof();
    connection.resume();
    expect(trace).toEqual(['text a', 'closing', 'finished']);
    expect(status()).toBe('1000 "" clean');
  });

  it('server takes nothing behind a close frame that was kept', () => {
    const { connection, trace } = openSession('server');
    connection.pause();
    for (const chunk of [CLOSE, texts('a')]) connection.receive(chunk);
    connection.resume();
    expect(trace).toEqual(['closing', 'finished']);
  });

  it('server that fails while paused drops what was kept', () => {
    const { connection, trace } = openSession('server');
    connection.pause();
    connection.receive(texts('a'));
    connection.fail(1008, 'enough');
    connection.resume();
    connection.receive(texts('b'));
    connection.receiveEof();
    expect(trace).toEqual(['closing', 'finished']);
  });

  it('client that is finished pauses nothing', () => {
    const { connection, trace } = openSession('client');
    connection.receive(bytes('8802 03e8'));
    connection.pause();
    connection.receiveEof();
    expect(trace).toEqual(['closing', 'finished']);
  });

  it('server gives up a paused peer at the closing deadline', () => {
    const { connection, trace, status } = openSession('server', { closeTimeoutMs: 1000 });
    connection.pause();
    connection.close(1000);
    connection.receive(CLOSE);
    connection.tick(0);
    connection.tick(1000);
    expect(trace).toEqual(['closing', 'timeout']);
    expect(status()).toBe('1006 ""');
  });
});
