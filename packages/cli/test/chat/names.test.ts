import { describe, expect, test } from 'vitest';
import { cleanFileName, cleanNickname, cleanRoomName, uniqueNickname } from '../../src/chat/names.ts';

describe('nicknames', () => {
  test.each([
    ['  Ada   Lovelace ', 'Ada Lovelace'],
    ['Zoe\u0308', 'Zoë'],
    ['a\u0000b\u001b[31mc', 'ab[31mc'],
    ['abc\u202edef', 'abcdef'],
    ['👩‍🚀', '👩‍🚀'],
    ['x'.repeat(24), 'x'.repeat(24)],
    ['𝒳'.repeat(24), '𝒳'.repeat(24)],
  ])('%j becomes %j', (value, expected) => {
    expect(cleanNickname(value)).toBe(expected);
  });

  test.each(['', '   ', '\u200b\u2060', '\u200d', 'x'.repeat(25), '\ud800'])('%j is refused', (value) => {
    expect(cleanNickname(value)).toBeUndefined();
  });

  test('one that is taken gets the next free number', () => {
    const taken = new Set(['Ada', 'Ada 2']);
    expect(uniqueNickname('Ada', (name) => taken.has(name))).toBe('Ada 3');
    expect(uniqueNickname('Grace', (name) => taken.has(name))).toBe('Grace');
  });

  test('a number fits into the limit', () => {
    const name = 'x'.repeat(24);
    expect(uniqueNickname(name, (other) => other === name)).toBe(`${'x'.repeat(22)} 2`);
  });
});

describe('room names', () => {
  test.each([
    [' Lobby ', 'lobby'],
    ['Release  2.0', 'release 2.0'],
    ['ÜBER-uns_1', 'über-uns_1'],
    ['東京', '東京'],
  ])('%j becomes %j', (value, expected) => {
    expect(cleanRoomName(value)).toBe(expected);
  });

  test.each(['', '#lobby', '../etc', 'a/b', '<b>', '-x', 'x'.repeat(33), 'x'.repeat(100_000)])(
    '%j is refused',
    (value) => {
      expect(cleanRoomName(value)).toBeUndefined();
    },
  );
});

describe('file names', () => {
  test.each([
    ['report.pdf', 'report.pdf'],
    ['../../etc/passwd', 'passwd'],
    ['C:\\Users\\ada\\notes.txt', 'notes.txt'],
    ['a<b>:c.txt', 'a_b__c.txt'],
    ['..hidden', 'hidden'],
    ['evil\u202etxt.exe', 'eviltxt.exe'],
    ['', 'file'],
    ['..', 'file'],
  ])('%j becomes %j', (value, expected) => {
    expect(cleanFileName(value)).toBe(expected);
  });

  test('a long one keeps its extension', () => {
    const name = cleanFileName(`${'x'.repeat(300)}.tar.gz`);
    expect([...name]).toHaveLength(120);
    expect(name).toMatch(/^x+…x+\.tar\.gz$/);
  });
});
