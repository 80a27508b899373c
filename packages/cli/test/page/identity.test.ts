import { expect, test } from 'vitest';
import { cleanNickname, cleanRoomName } from '../../src/chat/names.ts';
import { cleanRoom, inventName, isRoomName } from '../../static/identity.js';

test('an invented name is one that the server takes', () => {
  for (const random of [0, 0.5, 0.999]) {
    const name = inventName(() => random);
    expect(cleanNickname(name)).toBe(name);
  }
});

test.each([' Lobby ', 'a  b', '東京', '', '#x', '-x', 'x'.repeat(33), 'x'.repeat(32), 'a/b', 'é'])(
  'page and server agree about the room name %j',
  (value) => {
    const room = cleanRoom(value);
    expect(isRoomName(room) ? room : undefined).toBe(cleanRoomName(value));
  },
);
