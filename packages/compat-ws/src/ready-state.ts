/** The states of a WebSocket, as the browser's counts them. */
export const CONNECTING = 0;
export const OPEN = 1;
export const CLOSING = 2;
export const CLOSED = 3;
export const STATE_NAMES = ['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED'];

/** The attributes of the browser's interface: whoever copies a socket's properties, or lists them, finds these. */
const ENUMERABLE = [
  'addEventListener',
  'binaryType',
  'bufferedAmount',
  'extensions',
  'isPaused',
  'protocol',
  'readyState',
  'removeEventListener',
  'url',
];

/** Gives a class, and what is made by it, the states by their names. */
export function defineReadyStates(type: { readonly prototype: object }): void {
  for (const [value, name] of STATE_NAMES.entries()) {
    Object.defineProperty(type, name, { value, enumerable: true });
    Object.defineProperty(type.prototype, name, { value, enumerable: true });
  }
}

export function makeAttributesEnumerable(prototype: object): void {
  for (const name of ENUMERABLE) Object.defineProperty(prototype, name, { enumerable: true });
}
