import type { Client } from './client.ts';
import type { Namespace } from './namespace.ts';
import type { Server } from './server.ts';
import type { Socket } from './socket.ts';
import type { Anything } from './typed-events.ts';

/** The classes, whatever the events of the program are. */
export type AnyServer = Server<Anything, Anything, Anything, Anything>;
export type AnyNamespace = Namespace<Anything, Anything, Anything, Anything>;
export type AnySocket = Socket<Anything, Anything, Anything, Anything>;
export type AnyClient = Client<Anything, Anything, Anything, Anything>;
