import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { HawserProcesses } from './hawser-process.ts';

const MANIFEST = join(__dirname, '..', '..', 'package.json');
const hawser = new HawserProcesses();

afterEach(() => hawser.dispose());

describe('help and version', () => {
  test('--version prints the version alone', async () => {
    const { version } = JSON.parse(readFileSync(MANIFEST, 'utf8'));
    expect(await hawser.run(['--version'])).toEqual({
      exitCode: 0,
      stdout: `${version}\n`,
      stderr: '',
    });
  });

  test.each([
    [['--help'], 'hawser serve'],
    [['serve', '--help'], 'hawser serve --port 8080 --open'],
    [['connect', '--help'], 'echo '],
    [['listen', '--help'], 'hawser listen --port 4000 --broadcast'],
    [['bench', '--help'], 'hawser bench ws://127.0.0.1:4000/ --in-flight 32'],
    [['help', 'connect'], '--subprotocol'],
  ])('%j has examples and ends well', async (args, example) => {
    const { exitCode, stdout, stderr } = await hawser.run(args);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toContain(example);
    expect(stdout).toMatch(/Examples:|Usage: hawser connect/);
    expect(stdout.endsWith('\n')).toBe(true);
  });

  test('help that nobody reads to its end ends well', async () => {
    const reading = hawser.start('bench', '--help');
    reading.closeOutput();
    expect(await reading.ended()).toMatchObject({ exitCode: 0, stderr: '' });
  });

  test('the help says what the exit codes mean', async () => {
    const { stdout } = await hawser.run(['connect', '--help']);
    expect(stdout).toMatch(/Exit codes:\n {2}0 .*\n {2}1 .*\n {2}2 .*\n {2}3 .*\n {2}130 /);
  });

  test('without a command the help goes to stderr, as a mistake', async () => {
    const { exitCode, stdout, stderr } = await hawser.run([]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain('Usage: hawser');
  });
});

describe('mistakes in the command line', () => {
  test.each([
    [['foo'], "unknown command 'foo'"],
    [['serve', '--prot', '1'], "unknown option '--prot' (Did you mean --port?)"],
    [['serve', '--port'], "option '-p, --port <number>' argument missing"],
    [['serve', '--port', 'x'], 'A port is a whole number from 0 to 65535.'],
    [['serve', 'extra'], 'too many arguments'],
    [['listen'], "required option '-p, --port <number>' not specified"],
    [['connect'], "missing required argument 'url'"],
    [['connect', 'localhost:80'], 'did you mean ws://localhost:80?'],
    [['connect', 'ws://localhost/#x'], 'fragment'],
    [['connect', 'ws://localhost/', '-H', 'nonsense'], "Write it as 'Name: value'"],
    [['connect', 'ws://localhost/', '-s', 'a', '-s', 'a'], 'given twice'],
    [['connect', 'ws://localhost/', '--ping', 'often'], 'Give a number of seconds'],
    [['connect', 'ws://localhost/', '--wait', '-5'], 'Give a number of seconds'],
    [['bench'], "missing required argument 'url'"],
    [['bench', 'ws://localhost/', '--connections', '0'], 'Give a whole number from 1 to 100000.'],
    [['bench', 'ws://localhost/', '--connections', '100001'], 'Give a whole number from 1 to 100000.'],
    [['bench', 'ws://localhost/', '--size', '9'], 'Give a whole number from 10 to 16777216.'],
    [['bench', 'ws://localhost/', '--in-flight', '1.5'], 'Give a whole number from 1 to 10000.'],
    [['bench', 'ws://localhost/', '--rate', '0'], 'Give a number from 0.001 to 100000.'],
    [['bench', 'ws://localhost/', '--messages-per-second', '1e9'], 'Give a number from 0.001 to 10000000.'],
    [['bench', 'ws://localhost/', '--duration', '100000'], 'At most 86400 seconds.'],
    [['bench', 'ws://localhost/', '--timeout', '3601'], 'At most 3600 seconds.'],
    [['bench', 'ws://localhost/', '--mode', 'flood'], 'Allowed choices are echo, idle, listen.'],
    [['bench', 'ws://localhost/', '--in-flight', '1', '--messages-per-second', '1'], 'cannot be used with'],
    [['bench', 'ws://localhost/', '--ack'], '--ack is for Socket.IO'],
    [['bench', 'http://localhost/', '-s', 'a'], '--subprotocol is for WebSocket'],
    [['bench', 'ws://localhost/', '--mode', 'idle', '--in-flight', '2'], '--in-flight is for --mode echo'],
    [['bench', 'ws://localhost/', '-c', '1000', '--size', '2000000'], 'too many at a time'],
    [['bench', 'ws://localhost/#x'], 'fragment'],
  ])('%j is answered in one line', async (args, message) => {
    const { exitCode, stdout, stderr } = await hawser.run(args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(/^hawser: [^\n]+\n$/);
    expect(stderr).toContain(message);
  });

  test.each([
    [['bench'], 'hawser bench --help'],
    [['listen'], 'hawser listen --help'],
    [['serve', '3000'], 'hawser serve --help'],
    [['--nonsense'], 'hawser --help'],
  ])('%j is told where to read on', async (args, command) => {
    const { stderr } = await hawser.run(args);
    expect(stderr.endsWith(`; see ${command}\n`)).toBe(true);
  });

  test('a file that cannot be read is answered in one line', async () => {
    const args = ['connect', 'wss://localhost/', '--ca', '/nowhere/ca.pem'];
    expect(await hawser.run(args)).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: 'hawser: cannot read /nowhere/ca.pem: no such file or folder\n',
    });
  });
});
