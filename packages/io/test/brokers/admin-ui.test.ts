import { instrument } from '@socket.io/admin-ui';
import { type Socket as ClientSocket, io as connect } from 'socket.io-client';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { openClient } from '../rig/clients.ts';
import { startServer } from '../rig/servers.ts';

/** `changeit`. */
const PASSWORD_HASH = '$2b$10$heqvAkYMez.Va6Et2uXInOnkCT6/uQj1brkrbyG3LpopDklcq7ZOS';

interface Ui {
  readonly client: ClientSocket;
  /** Names and arguments of what the server told it. */
  readonly told: unknown[][];
}

function openUi(url: string, auth: object): Ui {
  const client = connect(`${url}/admin`, {
    auth,
    forceNew: true,
    reconnection: false,
    transports: ['websocket'],
  });
  const told: unknown[][] = [];
  client.onAny((...args) => told.push(args));
  onTestFinished(() => void client.disconnect());
  return { client, told };
}

async function start(options: object) {
  const rig = await startServer();
  instrument(rig.io as never, { auth: false, mode: 'development', ...options } as never);
  return rig;
}

function tells(ui: Ui, ...start: unknown[]): Promise<void> {
  return vi.waitFor(
    () => expect(ui.told).toContainEqual(expect.arrayContaining(start.map((value) => value))),
    { timeout: 20_000 },
  );
}

describe("Socket.IO's admin UI on our server", () => {
  it('lets in who knows the password, and nobody else', async () => {
    const { url } = await start({ auth: { type: 'basic', username: 'admin', password: PASSWORD_HASH } });
    const wrong = openUi(url, { username: 'admin', password: 'wrong' });
    const refused = await new Promise<Error>((resolve) => wrong.client.once('connect_error', resolve));
    expect(refused.message).toBe('invalid credentials');
    const ui = openUi(url, { username: 'admin', password: 'changeit' });
    await new Promise<void>((resolve, reject) => {
      ui.client.once('connect', () => resolve()).once('connect_error', reject);
    });
    await tells(ui, 'session');
    await tells(ui, 'config');
  });

  it('sees sockets, rooms and events, and acts on them', async () => {
    const { io, url } = await start({});
    const ui = openUi(url, {});
    await tells(ui, 'all_sockets');
    await tells(ui, 'server_stats');
    io.on('connection', (socket) => {
      socket.on('hello', () => socket.emit('answer', 42));
    });
    const client = openClient(url);
    await new Promise<void>((resolve) => client.once('connect', () => resolve()));
    const id = client.id!;
    await tells(ui, 'socket_connected', expect.objectContaining({ id, nsp: '/', transport: 'websocket' }));
    await tells(ui, 'room_joined', '/', id, id);

    client.emit('hello', { a: 1 });
    await tells(ui, 'event_received', '/', id, ['hello', { a: 1 }]);
    await tells(ui, 'event_sent', '/', id, ['answer', 42]);

    ui.client.emit('join', '/', 'room', id);
    await tells(ui, 'room_joined', '/', 'room', id);
    const got = new Promise((resolve) => client.once('from the ui', resolve));
    ui.client.emit('emit', '/', 'room', 'from the ui', 1);
    expect(await got).toBe(1);
    ui.client.emit('leave', '/', 'room', id);
    await tells(ui, 'room_left', '/', 'room', id);

    const isGone = new Promise((resolve) => client.once('disconnect', resolve));
    ui.client.emit('_disconnect', '/', false, id);
    expect(await isGone).toBe('io server disconnect');
    await tells(ui, 'socket_disconnected', '/', id, 'server namespace disconnect');
  });
});
