import { Duplex, type DuplexOptions } from 'node:stream';
import type { WebSocket } from './websocket.ts';

/**
 * Wraps a socket in a duplex stream: messages come out of it, and each chunk that is written goes out as a message.
 *
 * @param options - for the stream; with `readableObjectMode`, text comes as strings
 */
export function createWebSocketStream(ws: WebSocket, options?: DuplexOptions): Duplex {
  /** After an error of the socket its close frame still has to leave. */
  let isTerminatedOnDestroy = true;

  const duplex = new Duplex({
    ...options,
    autoDestroy: false,
    emitClose: false,
    objectMode: false,
    writableObjectMode: false,
  });

  duplex._read = () => {
    if (ws.isPaused) ws.resume();
  };

  duplex._write = (chunk: Buffer, encoding, callback) => {
    if (ws.readyState === ws.CONNECTING) ws.once('open', () => duplex._write(chunk, encoding, callback));
    else ws.send(chunk, callback);
  };

  duplex._final = (callback) => {
    if (ws.readyState === ws.CONNECTING) {
      ws.once('open', () => duplex._final(callback));
      return;
    }
    const socket = ws._socket;
    if (socket === null) return;
    if (socket.writableFinished) {
      callback();
      if (duplex.readableEnded) duplex.destroy();
    } else {
      // What was sent has left, the close frame behind it.
      socket.once('finish', () => callback());
      ws.close();
    }
  };

  duplex._destroy = (error, callback) => {
    if (ws.readyState === ws.CLOSED) {
      callback(error);
      process.nextTick(emitClose, duplex);
      return;
    }
    let isReported = false;
    ws.once('error', (fault: Error) => {
      isReported = true;
      callback(fault);
    });
    ws.once('close', () => {
      if (!isReported) callback(error);
      process.nextTick(emitClose, duplex);
    });
    if (isTerminatedOnDestroy) ws.terminate();
  };

  ws.on('message', (data: Buffer, isBinary: boolean) => {
    const chunk = !isBinary && duplex.readableObjectMode ? data.toString() : data;
    if (!duplex.push(chunk)) ws.pause();
  });
  ws.once('error', (error: Error) => {
    if (duplex.destroyed) return;
    isTerminatedOnDestroy = false;
    duplex.destroy(error);
  });
  ws.once('close', () => {
    if (!duplex.destroyed) duplex.push(null);
  });
  duplex.on('end', () => {
    if (!duplex.destroyed && duplex.writableFinished) duplex.destroy();
  });
  // What fails is told by `error`; a stream with nobody to listen for it has failed all the same.
  duplex.on('error', function throwUnheard(error) {
    duplex.removeListener('error', throwUnheard);
    duplex.destroy();
    if (duplex.listenerCount('error') === 0) duplex.emit('error', error);
  });
  return duplex;
}

function emitClose(stream: Duplex): void {
  stream.emit('close');
}
