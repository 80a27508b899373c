import type { Socket } from '@hawser/io';
import { eventOf } from './clients.ts';
import { openRaw, type RawClient } from './raw.ts';

/** What CONNECT is answered with. */
export interface Answer {
  readonly sid: string;
  readonly pid: string;
  readonly hawser?: { readonly refused: string };
}

/** A connection that has been let in. */
export interface Connection {
  readonly raw: RawClient;
  readonly answer: Answer;
  /** What came before the answer. */
  readonly missed: string[];
}

/** Connects a client of Hawser as the server sees it. */
export async function connectHawser(port: number, auth: object = {}): Promise<Connection> {
  const raw = await openRaw(port);
  raw.send('6', `40${JSON.stringify(auth)}`);
  return { raw, ...(await readAnswer(raw)) };
}

/** Connects a stock client as the server sees it. */
export async function connectStock(port: number, auth: object = {}): Promise<Connection> {
  const raw = await openRaw(port);
  raw.send(`40${JSON.stringify(auth)}`);
  return { raw, ...(await readAnswer(raw)) };
}

/** Takes what comes up to the answer to CONNECT. */
export async function readAnswer(raw: RawClient): Promise<Pick<Connection, 'answer' | 'missed'>> {
  const missed: string[] = [];
  for (;;) {
    const text = await raw.messages.next();
    if (text.startsWith('40')) return { answer: JSON.parse(text.slice(2)) as Answer, missed };
    missed.push(text);
  }
}

/** Loses the connection, and waits until the server knows. */
export async function lose(raw: RawClient, socket: Socket): Promise<void> {
  const lost = eventOf(socket as never, 'disconnect');
  raw.socket.terminate();
  await lost;
}
