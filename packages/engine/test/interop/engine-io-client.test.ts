import { describe, expect, test } from 'vitest';
import { openClient } from '../rig/clients.ts';
import { startEngine } from '../rig/engines.ts';

const VERSIONS = [4, 3] as const;
const TRANSPORTS = [['polling'], ['websocket'], ['polling', 'websocket']];

for (const version of VERSIONS) {
  for (const transports of TRANSPORTS) {
    describe(`engine.io-client of version ${version} over ${transports.join(', then ')}`, () => {
      const isUpgrading = transports.length === 2;

      test('server echoes text and binary in order', async () => {
        const { port, sessions } = await startEngine({ allowEIO3: true });
        const client = await openClient(version, port, { transports });
        const session = await sessions.next();
        session.on('message', (data) => session.send(data));
        if (isUpgrading) expect(await client.upgrades.next()).toBe('websocket');
        for (const data of ['hello', 'grüße 🚢', '', Buffer.from([0, 1, 255])]) client.send(data);
        const received = [];
        for (let i = 0; i < 4; i++) received.push(await client.messages.next());
        expect(received.map((data) => (typeof data === 'string' ? data : Buffer.from(data)))).toEqual([
          'hello',
          'grüße 🚢',
          '',
          Buffer.from([0, 1, 255]),
        ]);
        expect(session.transport.name).toBe(transports.at(-1));
        expect(session.protocol).toBe(version);
        expect(session.upgraded).toBe(isUpgrading);
      });

      test('server learns of the close of the client', async () => {
        const { port, sessions, engine } = await startEngine({ allowEIO3: true });
        const client = await openClient(version, port, { transports });
        const session = await sessions.next();
        const closed = new Promise((resolve) => session.on('close', resolve));
        if (isUpgrading) await client.upgrades.next();
        client.close();
        expect(await closed).toBe('transport close');
        expect(engine.clientsCount).toBe(0);
        expect(Object.keys(engine.clients)).toEqual([]);
      });

      test('client learns of the close of the server, after all that was sent', async () => {
        const { port, sessions } = await startEngine({ allowEIO3: true });
        const client = await openClient(version, port, { transports });
        const session = await sessions.next();
        if (isUpgrading) await client.upgrades.next();
        const closed = new Promise((resolve) => session.on('close', resolve));
        session.send('last').send('words').close();
        expect([await client.messages.next(), await client.messages.next()]).toEqual(['last', 'words']);
        expect((await client.closes.next()).reason).toBe('transport close');
        expect(await closed).toBe('forced close');
      });

      test('nothing is lost or overtaken while both sides send all the time', async () => {
        const { port, sessions } = await startEngine({ allowEIO3: true });
        const client = await openClient(version, port, { transports });
        const session = await sessions.next();
        const heard: string[] = [];
        const done = new Promise<void>((resolve) => {
          session.on('message', (data: string) => {
            heard.push(data);
            session.send(`echo ${data}`);
            if (heard.length === 300) resolve();
          });
        });
        for (let i = 0; i < 300; i++) {
          client.send(String(i));
          if (i % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
        }
        await done;
        const echoes = [];
        for (let i = 0; i < 300; i++) echoes.push(await client.messages.next());
        const expected = Array.from({ length: 300 }, (_, i) => String(i));
        expect(heard).toEqual(expected);
        expect(echoes).toEqual(expected.map((data) => `echo ${data}`));
      });
    });
  }
}
