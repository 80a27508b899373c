/**
 * The chat protocol as the page speaks it; chat-protocol.md in the package describes it.
 *
 * @typedef {{ id: string, name: string }} Member
 * @typedef {{ type: 'said', id: string, room: string, from: Member, at: number, text: string }} Said
 * @typedef {{ type: 'file', id: string, room: string, from: Member, at: number, name: string,
 *   mediaType: string, size: number }} Shared
 * @typedef {Said | Shared} Entry
 * @typedef {{ name: string, members: number }} RoomSummary
 * @typedef {{ nameLength: number, roomLength: number, textLength: number, fileBytes: number,
 *   historyLength: number }} Limits
 * @typedef {Entry
 *   | { type: 'welcome', serverId: string, now: number, limits: Limits, rooms: RoomSummary[] }
 *   | { type: 'joined', room: string, you: Member, members: Member[], history: Entry[] }
 *   | { type: 'entered' | 'renamed' | 'left', room: string, member: Member }
 *   | { type: 'rooms', rooms: RoomSummary[] }
 *   | { type: 'pong', sent: number, now: number }
 *   | { type: 'accepted', room: string, id: string, at: number }
 *   | { type: 'receipt', room: string, id: string, by: number, of: number }
 *   | { type: 'error', code: string, message: string, id?: string }} ServerMessage
 * @typedef {{ type: 'join', room: string, name: string }
 *   | { type: 'say', id: string, room: string, text: string }
 *   | { type: 'file', id: string, room: string, name: string, mediaType: string }
 *   | { type: 'received', id: string }
 *   | { type: 'ping', sent: number }} ClientMessage
 */

const PREFIX_BYTES = 2;

/**
 * A new id for a message. Not `crypto.randomUUID`: that one is missing where the page came over plain HTTP
 * from another machine.
 *
 * @returns {string}
 */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * Build a binary message: two bytes with the header's length, the header as JSON, the file's bytes.
 *
 * @param {object} header
 * @param {Uint8Array} body
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function encodeFileFrame(header, body) {
  const json = new TextEncoder().encode(JSON.stringify(header));
  const frame = new Uint8Array(PREFIX_BYTES + json.length + body.length);
  new DataView(frame.buffer).setUint16(0, json.length);
  frame.set(json, PREFIX_BYTES);
  frame.set(body, PREFIX_BYTES + json.length);
  return frame;
}

/**
 * Take a binary message apart.
 *
 * @param {ArrayBuffer} buffer
 * @returns {{ header: Shared, body: Uint8Array<ArrayBuffer> }}
 */
export function decodeFileFrame(buffer) {
  const bodyStart = PREFIX_BYTES + new DataView(buffer).getUint16(0);
  const header = JSON.parse(
    new TextDecoder().decode(new Uint8Array(buffer, PREFIX_BYTES, bodyStart - PREFIX_BYTES)),
  );
  return { header, body: new Uint8Array(buffer, bodyStart) };
}
