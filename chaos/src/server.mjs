/**
 * One life of the server: it writes down what it is sent before it acknowledges it, and sends everybody the same
 * numbered news, by broadcasts and by one emit for each in turn.
 *
 * Arguments: the stack, the number of this life, the journal, a promise to break.
 */
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';

const [stack, lifeText, journal, broken] = process.argv.slice(2);
const { Server } = await import(stack === 'hawser' ? '@hawser/io' : 'socket.io');
const life = Number(lifeText);

/** The exit code of a server whose `close` hangs, whoever is connected. */
const HANGS = 3;
const MAX_CLOSE_MS = 20_000;
const NEWS_INTERVAL_MS = 50;
const NEWS_BURST = 6;
/** Every third is not broadcast: who is away at that moment does not get it, as nothing is sent to who is not there. */
const isDirect = (number) => number % 3 === 0;

const http = createServer();
const io = new Server(http, {
  pingInterval: 1000,
  pingTimeout: 1000,
  connectionStateRecovery: { maxDisconnectionDuration: 60_000 },
});

io.on('connection', (socket) => {
  // What it missed has been sent again by now.
  if (socket.recovered) socket.emit('caught up', socket.conn.id, life, last);
  const { name } = socket.handshake.auth;
  socket.on('put', (number, acknowledge) => {
    if (broken !== 'journal') appendFileSync(journal, `${life} ${name} ${number}\n`);
    if (broken === 'twice') appendFileSync(journal, `${life} ${name} ${number}\n`);
    acknowledge(life);
  });
});

let last = 0;
const timer = setInterval(() => {
  for (let i = 0; i < NEWS_BURST; i++) {
    last++;
    if (broken === 'gap' && last % 50 === 0) continue;
    const number = broken === 'order' && last % 50 === 0 ? last - 2 : last;
    if (isDirect(last)) for (const socket of io.of('/').sockets.values()) socket.emit('news', life, number);
    else io.emit('news', life, number);
  }
}, NEWS_INTERVAL_MS);

http.listen(0, '127.0.0.1', () => process.send({ port: http.address().port }));

process.on('SIGTERM', async () => {
  clearInterval(timer);
  setTimeout(() => process.exit(HANGS), MAX_CLOSE_MS).unref();
  await io.close();
  process.exit();
});
