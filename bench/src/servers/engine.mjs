import { Server as Engine } from '@hawser/engine';
import { Server } from 'socket.io';
import { packageVersion } from './package-version.mjs';
import { runSocketIoProgram, serverOptions } from './socketio-program.mjs';

const version = `this tree, under socket.io ${packageVersion('socket.io')}`;

/** The server of `socket.io` on this project's Engine.IO: how much of the difference lies below the sockets. */
await runSocketIoProgram((httpServer) => {
  const engine = new Engine(serverOptions());
  engine.attach(httpServer, { path: '/socket.io/' });
  return new Server(serverOptions()).bind(engine);
}, version);
