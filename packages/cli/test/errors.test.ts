import { expect, test } from 'vitest';
import { describeNetworkError, listenError, systemErrorCode, unreadableFile } from '../src/errors.ts';

const systemError = (code: string) => Object.assign(new Error(`listen ${code}: details`), { code });
const address = { host: '127.0.0.1', port: 80 };

test.each([
  ['EADDRINUSE', 'port 80 on 127.0.0.1 is already in use'],
  ['EACCES', 'not allowed to listen on port 80'],
  ['EADDRNOTAVAIL', 'this machine has no address 127.0.0.1'],
  ['ENOTFOUND', 'cannot resolve the host name 127.0.0.1'],
  ['EMFILE', 'cannot listen on 127.0.0.1:80: listen EMFILE: details'],
])('listening that fails with %s says why', (code, expected) => {
  const error = listenError(systemError(code), address);
  expect(error.message).toContain(expected);
  expect(error).toMatchObject({ code: 'LISTEN_FAILED', exitCode: 1 });
});

test.each([
  ['ENOTFOUND', 'there is no such host name'],
  ['EAI_AGAIN', 'the host name cannot be resolved now'],
  ['HPE_INVALID_CONSTANT', 'what answers there does not speak HTTP'],
  ['EHOSTUNREACH', undefined],
])('a connection that fails with %s says why where Node would not', (code, expected) => {
  expect(describeNetworkError(new Error('wrapped', { cause: systemError(code) }))).toBe(expected);
});

test('the code is also found in the cause', () => {
  const error = new Error('wrapped', { cause: systemError('EADDRINUSE') });
  expect(systemErrorCode(error)).toBe('EADDRINUSE');
  expect(systemErrorCode(new Error('plain'))).toBeUndefined();
  expect(systemErrorCode('text')).toBeUndefined();
});

test('a file that fails in an unknown way says how', () => {
  expect(unreadableFile('a.pem', systemError('EIO')).message).toBe('cannot read a.pem: listen EIO: details');
  expect(unreadableFile('a.pem', 'odd').message).toBe('cannot read a.pem: odd');
});
