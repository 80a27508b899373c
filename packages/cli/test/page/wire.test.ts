import { expect, test } from 'vitest';
import * as server from '../../src/chat/file-frame.ts';
import { parseFileMessage } from '../../src/chat/parse-message.ts';
import * as page from '../../static/wire.js';

const header = { id: 'abcdef012345', room: 'lobby', name: 'ä.txt', mediaType: 'text/plain' };
const body = Uint8Array.of(0, 255, 7);

test('the server reads what the page writes', () => {
  expect(parseFileMessage(page.encodeFileFrame(header, body))).toEqual({ type: 'file', file: header, body });
});

test('the page reads what the server writes', () => {
  const frame = server.encodeFileFrame(header, body);
  expect(page.decodeFileFrame(frame.buffer as ArrayBuffer)).toEqual({ header, body });
});

test('an id is one that the server takes, and another one each time', () => {
  const id = page.newId();
  const frame = page.encodeFileFrame({ ...header, id }, body);
  expect(parseFileMessage(frame)).toMatchObject({ file: { id } });
  expect(page.newId()).not.toBe(id);
});
