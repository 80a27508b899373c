import { describe, expect, test } from 'vitest';
import { startEngine } from './rig/engines.ts';
import { ask, handshake } from './rig/http.ts';

describe('JSONP', () => {
  test.each([
    ['a newline', 'a\\nb', 'a\nb'],
    ['newlines', '\\n\\n\\n', '\n\n\n'],
    ['a backslash and an n', 'a\\\\nb', 'a\\nb'],
    ['both', '\\n\\\\n\\n', '\n\\n\n'],
    ['a backslash before a backslash and an n', '\\\\\\n', '\\\\n'],
    ['any other backslash', '\\ \\\\ \\t', '\\ \\\\ \\t'],
  ])('server reads %s as the client meant it', async (_what, escaped, meant) => {
    const { port, sessions } = await startEngine();
    const sid = await handshake(port, 'EIO=4&transport=polling&j=0');
    const session = await sessions.next();
    const message = new Promise((resolve) => session.on('message', resolve));
    await ask(port, {
      query: `EIO=4&transport=polling&j=0&sid=${sid}`,
      method: 'POST',
      body: `d=${encodeURIComponent(`4${escaped}`)}`,
    });
    expect(await message).toBe(meant);
  });
});
