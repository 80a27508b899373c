import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeFileFrame } from '../../src/chat/file-frame.ts';
import { CHAT_LIMITS } from '../../src/chat/limits.ts';
import { parseClientMessage, parseFileMessage } from '../../src/chat/parse-message.ts';

const parse = (message: unknown) => parseClientMessage(JSON.stringify(message));
const ID = 'abcdef012345';

describe('text messages', () => {
  test('join comes out clean, and with nothing else', () => {
    expect(parse({ type: 'join', room: ' Lobby', name: 'Ada ', admin: true })).toEqual({
      type: 'join',
      room: 'lobby',
      name: 'Ada',
    });
  });

  test('say keeps its text as it is', () => {
    expect(parse({ type: 'say', id: ID, room: 'lobby', text: ' <b>\n ' })).toEqual({
      type: 'say',
      id: ID,
      room: 'lobby',
      text: ' <b>\n ',
    });
  });

  test('half a character in a text is replaced', () => {
    const text = '{"type":"say","id":"abcdef012345","room":"lobby","text":"a\\ud800b"}';
    expect(parseClientMessage(text)).toMatchObject({ text: 'a\ufffdb' });
  });

  test('ping comes out with its number', () => {
    expect(parse({ type: 'ping', sent: 1.5 })).toEqual({ type: 'ping', sent: 1.5 });
  });

  test('received comes out with its id', () => {
    expect(parse({ type: 'received', id: ID, by: 'x' })).toEqual({ type: 'received', id: ID });
  });

  test.each([
    ['no JSON', 'hello', 'bad-message'],
    ['an array', '[]', 'bad-message'],
    ['null', 'null', 'bad-message'],
    ['no type', '{}', 'bad-message'],
    ['an inherited type', '{"__proto__":{"type":"ping"}}', 'bad-message'],
    ['a ping without a number', '{"type":"ping","sent":"1"}', 'bad-message'],
    ['a receipt without an id', '{"type":"received"}', 'bad-message'],
    ['a join without a room', '{"type":"join","name":"Ada"}', 'bad-room'],
    ['a join without a name', '{"type":"join","room":"lobby"}', 'bad-name'],
    ['a say without an id', '{"type":"say","room":"lobby","text":"x"}', 'bad-message'],
    ['a say with a strange id', '{"type":"say","id":"<script>","room":"lobby","text":"x"}', 'bad-message'],
  ])('%s is refused', (_what, text, code) => {
    expect(parseClientMessage(text)).toMatchObject({ type: 'error', code });
  });

  test.each([
    ['no text', { room: 'lobby' }, 'bad-text'],
    ['an empty text', { room: 'lobby', text: ' \n' }, 'bad-text'],
    ['a long text', { room: 'lobby', text: 'x'.repeat(CHAT_LIMITS.textLength + 1) }, 'bad-text'],
    ['a strange room', { room: '/', text: 'x' }, 'bad-room'],
  ])('a say with %s is refused under its id', (_what, message, code) => {
    expect(parse({ type: 'say', id: ID, ...message })).toMatchObject({ type: 'error', code, id: ID });
  });

  test('nothing throws', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseClientMessage(text)));
    fc.assert(fc.property(fc.json(), (text) => void parseClientMessage(text)));
  });
});

describe('files', () => {
  const header = { id: ID, room: 'Lobby', name: '../a.PNG', mediaType: 'IMAGE/png; q=1' };

  test('come out clean, the body untouched', () => {
    const body = Uint8Array.of(1, 2, 3);
    expect(parseFileMessage(encodeFileFrame(header, body))).toEqual({
      type: 'file',
      file: { id: ID, room: 'lobby', name: 'a.PNG', mediaType: 'image/png' },
      body,
    });
  });

  test.each([[undefined], [7], ['text/html\r\nx: y'], ['nonsense'], ['a/b/c']])(
    'with the media type %j are mere bytes',
    (mediaType) => {
      const parsed = parseFileMessage(encodeFileFrame({ ...header, mediaType }, new Uint8Array()));
      expect(parsed).toMatchObject({ file: { mediaType: 'application/octet-stream' } });
    },
  );

  test.each([
    ['no frame', Uint8Array.of(9, 9, 9), 'bad-file'],
    ['a header that is no object', encodeFileFrame([], new Uint8Array()), 'bad-file'],
    ['no id', encodeFileFrame({ ...header, id: 1 }, new Uint8Array()), 'bad-file'],
    ['no room', encodeFileFrame({ ...header, room: 1 }, new Uint8Array()), 'bad-room'],
    ['no name', encodeFileFrame({ ...header, name: 1 }, new Uint8Array()), 'bad-file'],
    ['too many bytes', encodeFileFrame(header, new Uint8Array(CHAT_LIMITS.fileBytes + 1)), 'file-too-big'],
  ])('with %s are refused', (_what, frame, code) => {
    expect(parseFileMessage(frame)).toMatchObject({ type: 'error', code });
  });

  test('nothing throws', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void parseFileMessage(bytes)));
  });
});
