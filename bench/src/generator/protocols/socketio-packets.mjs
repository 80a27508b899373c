/** The packets of the load, with their Engine.IO type in front: `4` is a message, `42` an event in it. */

/** What a client sends to enter the main namespace. */
export const CONNECT_PACKET = '40';

/** What a client sends to leave it. */
export const DISCONNECT_PACKET = '41';

/** What a publisher sends for one publication. */
export const PUBLISH_PACKET = '42["publish"]';

/** An event with one text. */
export function textEvent(message) {
  return `42${JSON.stringify(['e', message.latin1Slice()])}`;
}

/** An event with one attachment, which follows in a frame of its own. */
export const ATTACHMENT_EVENT = '451-["e",{"_placeholder":true,"num":0}]';

/** Whether the server has let the client into the main namespace. */
export function isConnectAnswer(packet) {
  return packet.startsWith('40{');
}
