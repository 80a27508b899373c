import { createServer } from 'node:http';
import Koa from 'koa';
import { Server } from 'socket.io';
import { attachChat } from './chat.mjs';

const app = new Koa();
app.use((context) => {
  if (context.path === '/hello') context.body = 'hello from koa';
});

const server = createServer(app.callback());
attachChat(new Server(server));
server.listen(process.env.PORT ?? 3000, () => console.log(`listening on port ${server.address().port}`));
