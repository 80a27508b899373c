import { createServer } from 'node:http';
import express from 'express';
import { Server } from 'socket.io';
import { attachChat } from './chat.mjs';

const app = express();
app.get('/hello', (_request, response) => {
  response.send('hello from express');
});

const server = createServer(app);
attachChat(new Server(server));
server.listen(process.env.PORT ?? 3000, () => console.log(`listening on port ${server.address().port}`));
