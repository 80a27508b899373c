import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Connection } from '../../static/connection.js';
import { WebSocketWire } from '../../static/websocket-wire.js';

/** Stands for the browser's WebSocket: the test says what happens to it. */
class ScriptedSocket {
  static readonly OPEN = 1;
  static made: ScriptedSocket[] = [];
  readyState = 0;
  bufferedAmount = 7;
  readonly calls: string[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;

  constructor() {
    ScriptedSocket.made.push(this);
  }

  send(data: string): void {
    this.calls.push(`send ${data}`);
  }

  close(code?: number): void {
    this.calls.push(`close ${code}`);
  }

  opens(): void {
    this.readyState = 1;
    this.onopen?.();
  }

  ends(code: number, reason = ''): void {
    this.readyState = 3;
    this.onclose?.({ code, reason });
  }
}

let states: string[];
let connection: Connection;

const latest = () => ScriptedSocket.made.at(-1)!;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  vi.stubGlobal('WebSocket', ScriptedSocket);
  vi.spyOn(Math, 'random').mockReturnValue(1);
  ScriptedSocket.made = [];
  states = [];
  connection = new Connection(new WebSocketWire('ws://x/'), {
    onState: ({ name, attempt, reason }) =>
      states.push([name, attempt, String(reason ?? '').slice(0, 4)].filter(Boolean).join(' ')),
    onTransport: (transports) => states.push(`over ${transports}`),
    onMessage: (message) => states.push(`message ${JSON.stringify(message)}`),
  });
  connection.open();
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

test('opens, hands on messages, and sends', () => {
  expect(connection.send({ type: 'early' })).toBe(false);
  latest().opens();
  latest().onmessage?.({ data: '{"type":"hi"}' });
  expect(connection.send({ type: 'text' })).toBe(true);
  expect(connection.queuedBytes).toBe(7);
  expect(latest().calls).toEqual(['send {"type":"text"}']);
  expect(states).toEqual(['connecting 1', 'over websocket', 'open', 'message {"type":"hi"}']);
});

test('a loss is followed by attempts, later and later', () => {
  latest().opens();
  latest().ends(1006);
  vi.advanceTimersByTime(499);
  expect(ScriptedSocket.made).toHaveLength(1);
  vi.advanceTimersByTime(1);
  expect(ScriptedSocket.made).toHaveLength(2);
  latest().ends(1006);
  vi.advanceTimersByTime(1000);
  expect(ScriptedSocket.made).toHaveLength(3);
  expect(states).toEqual([
    'connecting 1',
    'over websocket',
    'open',
    'reconnecting 1 1006',
    'connecting 2',
    'reconnecting 2 1006',
    'connecting 3',
  ]);
});

test('a connection that held starts the delays anew, a short one does not', () => {
  latest().opens();
  latest().ends(1001);
  vi.advanceTimersByTime(500);
  latest().opens();
  latest().ends(1001);
  expect(states.at(-1)).toBe('reconnecting 2 1001');
  vi.advanceTimersByTime(1000);
  latest().opens();
  vi.advanceTimersByTime(6000);
  latest().ends(1001);
  expect(states.at(-1)).toBe('reconnecting 1 1001');
});

test('the user closes, and nothing is tried again', () => {
  latest().opens();
  connection.close();
  latest().ends(1000);
  vi.advanceTimersByTime(60_000);
  expect(latest().calls).toEqual(['close 1000']);
  expect(states).toEqual(['connecting 1', 'over websocket', 'open', 'closing', 'closed 1000']);
  connection.open();
  expect(states.at(-1)).toBe('connecting 1');
});

test('the user stops the attempts, or hastens them', () => {
  latest().ends(1006);
  connection.close();
  vi.advanceTimersByTime(60_000);
  expect(states.at(-1)).toBe('closed 1006');
  connection.open();
  latest().ends(1006);
  connection.open();
  expect(ScriptedSocket.made).toHaveLength(3);
  vi.advanceTimersByTime(60_000);
  expect(ScriptedSocket.made).toHaveLength(3);
});

test('a connection that is given up is not waited for', () => {
  latest().opens();
  const silent = latest();
  connection.abandon('the server does not answer');
  silent.ends(1006);
  expect(silent.calls).toEqual(['close undefined']);
  expect(states).toEqual(['connecting 1', 'over websocket', 'open', 'reconnecting 1 the ']);
  expect(connection.state).toMatchObject({ reason: 'the server does not answer' });
});
