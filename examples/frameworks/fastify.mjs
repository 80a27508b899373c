import fastify from 'fastify';
import { Server } from 'socket.io';
import { attachChat } from './chat.mjs';

const app = fastify();
app.get('/hello', async () => 'hello from fastify');

const io = new Server(app.server);
attachChat(io);
// Its connections end before the server waits for them.
app.addHook('preClose', () => io.close());

await app.listen({ port: Number(process.env.PORT ?? 3000) });
console.log(`listening on port ${app.server.address().port}`);
