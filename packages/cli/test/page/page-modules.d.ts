// The page's modules are plain JavaScript for the browser; these are the parts that the tests call.

declare module '*/static/backoff.js' {
  export function backoffDelay(failures: number, random?: () => number): number;
}

declare module '*/static/clock.js' {
  export class ServerClock {
    readonly roundTripMs: number | undefined;
    add(sample: { sentMs: number; serverMs: number; receivedMs: number }): void;
    reset(): void;
    ageOf(serverMs: number, localMs?: number): { ageMs: number; errorMs: number } | undefined;
  }
}

declare module '*/static/connection.js' {
  export type ConnectionState = { readonly name: string; readonly [detail: string]: unknown };
  export interface Opening {
    readonly isRecovered: boolean;
    readonly refusal?: string;
  }
  export interface LinkHandler {
    onOpen(opening: Opening): void;
    onTransport(transports: readonly string[]): void;
    onMessage(message: object, bytes?: Uint8Array): void;
    onEnd(reason: string): void;
  }
  export interface Link {
    readonly queuedBytes: number;
    send(message: object, bytes?: Uint8Array): boolean;
    close(): void;
    abandon(): void;
  }
  export interface Wire {
    readonly watchesItself: boolean;
    open(handler: LinkHandler): Link;
  }
  export interface ConnectionHandler {
    onState(state: ConnectionState, opening?: Opening): void;
    onTransport(transports: readonly string[]): void;
    onMessage(message: object, bytes?: Uint8Array): void;
  }
  export class Connection {
    readonly state: ConnectionState;
    readonly queuedBytes: number;
    constructor(wire: Wire, handler: ConnectionHandler);
    open(): void;
    close(): void;
    abandon(reason: string): void;
    send(message: object, bytes?: Uint8Array): boolean;
  }
}

declare module '*/static/socket-io-wire.js' {
  import type { Link, LinkHandler, Wire } from '*/static/connection.js';
  export class SocketIoWire implements Wire {
    readonly watchesItself: boolean;
    constructor(connect: (options: { autoConnect: false; reconnection: false }) => unknown);
    open(handler: LinkHandler): Link;
  }
}

declare module '*/static/websocket-wire.js' {
  import type { Link, LinkHandler, Wire } from '*/static/connection.js';
  export class WebSocketWire implements Wire {
    readonly watchesItself: boolean;
    constructor(url: string);
    open(handler: LinkHandler): Link;
  }
}

declare module '*/static/socket-io-wire.js' {
  import type { Link, LinkHandler, Wire } from '*/static/connection.js';
  export class SocketIoWire implements Wire {
    readonly watchesItself: boolean;
    constructor(connect: (options: { autoConnect: false; reconnection: false }) => unknown);
    open(handler: LinkHandler): Link;
  }
}

declare module '*/static/heartbeat.js' {
  export interface HeartbeatHandler {
    ping(sentMs: number): void;
    queuedBytes(): number;
    onSilence(silentMs: number): void;
    onDead(): boolean;
  }
  export class Heartbeat {
    constructor(handler: HeartbeatHandler);
    start(): void;
    stop(): void;
    alive(): void;
  }
}

declare module '*/static/format.js' {
  export function formatDuration(ms: number): string;
  export function formatSize(bytes: number): string;
  export function initialsOf(name: string): string;
  export function tintOf(name: string, tints?: number): number;
  export function describeClose(code: number, reason: string): string;
}

declare module '*/static/identity.js' {
  export function inventName(random?: () => number): string;
  export function cleanRoom(value: string): string;
  export function isRoomName(room: string): boolean;
}

declare module '*/static/outbox.js' {
  export interface OutgoingFile {
    readonly name: string;
    readonly mediaType: string;
    readonly bytes: Uint8Array;
  }
  export interface Outgoing {
    readonly id: string;
    state: 'waiting' | 'sending' | 'refused';
  }
  export class Outbox {
    add(message: {
      id: string;
      room: string;
      content: string | OutgoingFile;
      nowMs: number;
    }): Outgoing | undefined;
    get(id: string): Outgoing | undefined;
    waitingFor(room: string): Outgoing[];
    countByRoom(): Map<string, number>;
    remove(id: string): void;
    takeBack(): Outgoing[];
  }
}

declare module '*/static/wire.js' {
  export function newId(): string;
  export function encodeFileFrame(header: object, body: Uint8Array): Uint8Array;
  export function decodeFileFrame(buffer: ArrayBuffer): { header: unknown; body: Uint8Array };
}

declare module '*/static/lab-record.js' {
  export class LabRecord {
    readonly columns: [number[], ...(number | null)[][]];
    constructor(transports: number, spanMs: number);
    add(transport: number, arrival: { seq: number; at: number; delayMs: number }): void;
    delaysSince(transport: number, sinceMs: number): number[];
    clear(): void;
  }
  export function quantile(sorted: readonly number[], share: number): number | undefined;
}

declare module '*/static/lab-tally.js' {
  export interface Totals {
    readonly requests: number;
    readonly bytesUp: number;
    readonly bytesDown: number;
    readonly connections: number;
    readonly cpuMs: number;
  }
  export class Tally {
    readonly cost: object;
    count(event: { seq: number; data: string }): boolean;
    take(totals: Totals): void;
    reset(): void;
  }
}
