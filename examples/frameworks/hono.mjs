import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { Server } from 'socket.io';
import { attachChat } from './chat.mjs';

const app = new Hono();
app.get('/hello', (context) => context.text('hello from hono'));

const server = serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000) }, ({ port }) =>
  console.log(`listening on port ${port}`),
);
attachChat(new Server(server));
