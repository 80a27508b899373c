import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { ConnectConsole, type Streams } from '../../src/connect/console.ts';

/** Three streams in memory, as a terminal or as pipes. */
function createStreams(isTTY: boolean) {
  const written = { stdout: '', stderr: '' };
  const output = (name: 'stdout' | 'stderr') => {
    const stream = new PassThrough();
    stream.on('data', (chunk) => {
      written[name] += chunk;
    });
    return Object.assign(stream, { isTTY, columns: 80, rows: 24, hasColors: () => false });
  };
  const stdin = Object.assign(new PassThrough(), { isTTY, setRawMode: () => stdin });
  const streams = { stdin, stdout: output('stdout'), stderr: output('stderr') };
  return { streams: streams as unknown as Streams, stdin, written };
}

// What moves a cursor or erases; what is left is what a person reads.
// biome-ignore lint/suspicious/noControlCharactersInRegex: an escape sequence begins with one
const withoutEscapes = (text: string) => text.replace(/\u001b\[[0-9;]*[A-Za-z]/g, '');

async function firstLine(lines: AsyncIterable<string>): Promise<string | undefined> {
  for await (const line of lines) return line;
  return undefined;
}

test('in a pipe stdout gets payloads alone, and stderr the notes', async () => {
  const { streams, stdin, written } = createStreams(false);
  const console = new ConnectConsole(streams, false);
  const line = firstLine(console.openInput(() => {}));
  stdin.write('typed\r\n');
  expect(await line).toBe('typed');
  console.showMessage('a\u001bb');
  console.showMessage(Uint8Array.of(1, 2).buffer);
  console.note('connected');
  console.closeInput();
  expect(written).toEqual({ stdout: 'a\u001bb\n0102\n', stderr: 'hawser: connected\n' });
});

test('on a terminal there is a prompt, and what arrives goes above the line being typed', () => {
  const { streams, stdin, written } = createStreams(true);
  const console = new ConnectConsole(streams, false);
  console.openInput(() => {});
  stdin.write('half');
  console.showMessage('news\u0007');
  expect(withoutEscapes(written.stdout)).toBe('> half< news\\x07\n> half');
  // Back to the first column, and the line erased, before the message.
  expect(written.stdout).toContain('\u001b[1G\u001b[2K< news');
  console.closeInput();
});

test('at the end the prompt is taken away', () => {
  const { streams, written } = createStreams(true);
  const console = new ConnectConsole(streams, false);
  console.openInput(() => {});
  console.closeInput();
  console.note('closed');
  expect(written.stdout.endsWith('\u001b[1G\u001b[2K')).toBe(true);
  expect(written.stderr).toBe('hawser: closed\n');
});

test('Ctrl-C at the prompt is told, as there it is no signal', async () => {
  const { streams, stdin } = createStreams(true);
  const console = new ConnectConsole(streams, false);
  const interrupted = new Promise<void>((resolve) => console.openInput(resolve));
  stdin.write('\u0003');
  await interrupted;
  console.closeInput();
});

test('quiet leaves the notes out', () => {
  const { streams, written } = createStreams(false);
  const console = new ConnectConsole(streams, true);
  console.note('connected');
  console.showMessage('text');
  expect(written).toEqual({ stdout: 'text\n', stderr: '' });
});
