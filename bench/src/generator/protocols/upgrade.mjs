const HEAD_END = Buffer.from('\r\n\r\n');
const KEY = Buffer.alloc(16, 'hawser').toString('base64');

/** Upgrades to WebSocket; resolves with what the server sent behind its head. */
export function upgrade(connection, { path, extensions, fail }) {
  let head = Buffer.alloc(0);
  return new Promise((resolve) => {
    connection.onBytes = (byteLength, buffer) => {
      head = Buffer.concat([head, buffer.subarray(0, byteLength)]);
      const end = head.indexOf(HEAD_END);
      if (end === -1) return;
      const statusLine = head.latin1Slice(0, head.indexOf('\r\n'));
      if (!statusLine.startsWith('HTTP/1.1 101 ')) fail(`the server refused the upgrade: ${statusLine}`);
      resolve(head.subarray(end + HEAD_END.length));
    };
    connection.write(
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n` +
        `Connection: Upgrade\r\nSec-WebSocket-Key: ${KEY}\r\nSec-WebSocket-Version: 13\r\n` +
        (extensions === undefined ? '' : `Sec-WebSocket-Extensions: ${extensions}\r\n`) +
        '\r\n',
    );
  });
}
