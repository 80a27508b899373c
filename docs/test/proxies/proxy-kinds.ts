import { accessSync, constants } from 'node:fs';
import { userInfo } from 'node:os';
import { delimiter, join } from 'node:path';
import { filesOf } from '../console-page.ts';

/** What a test puts in the place of what a page's configuration says. */
export interface ProxySettings {
  readonly port: string;
  /** Of the servers behind it, by the ports that the page names. */
  readonly serverPorts: Readonly<Record<string, string>>;
  /** Files; HAProxy wants both in one. */
  readonly certificate: string;
  readonly key: string;
  readonly certificateAndKey: string;
}

/** A proxy that a page is about. */
export interface ProxyKind {
  readonly name: string;
  readonly page: string;
  /** The program's file; `null` where it cannot be run. */
  readonly program: string | null;
  readonly configurationFile: string;
  readonly reloadSignal: NodeJS.Signals;
  /** Runs it in the foreground, as one process with its workers below it. */
  arguments(): readonly string[];
  /** Returns the page's configuration with `settings`. */
  configure(settings: ProxySettings): string;
}

/** The pages name 90 s: too long to wait for. */
const IDLE_TIMEOUT = '2s';

export const PROXY_KINDS: readonly ProxyKind[] = [
  {
    name: 'nginx',
    page: 'docs/how-to/behind-nginx.md',
    program: findProgram('nginx'),
    configurationFile: 'nginx.conf',
    reloadSignal: 'SIGHUP',
    arguments: () => ['-p', '.', '-c', 'nginx.conf', '-e', 'stderr', '-g', 'daemon off; pid nginx.pid;'],
    configure({ port, serverPorts, certificate, key }) {
      return replaceAll(configurationOf(this), [
        // Whoever runs the test owns the folder that its workers write to.
        [/^events \{$/m, `user ${userInfo().username};\nevents {`],
        // Its default paths are the system's.
        [/^http \{$/m, `http {\n  access_log off;\n${temporaryPaths()}`],
        [/worker_connections \d+/, 'worker_connections 200'],
        [/listen 443/, `listen 127.0.0.1:${port}`],
        [/\b90s\b/g, IDLE_TIMEOUT],
        [/\/etc\/ssl\/example\.org\.cert\.pem/, certificate],
        [/\/etc\/ssl\/example\.org\.key\.pem/, key],
        [/\b808\d\b/g, (named) => serverPorts[named] ?? named],
      ]);
    },
  },
  {
    name: 'haproxy',
    page: 'docs/how-to/behind-haproxy.md',
    program: findProgram('haproxy'),
    configurationFile: 'haproxy.cfg',
    reloadSignal: 'SIGUSR2',
    arguments: () => ['-W', '-q', '-f', 'haproxy.cfg'],
    configure({ port, serverPorts, certificateAndKey }) {
      return replaceAll(configurationOf(this), [
        [/maxconn \d+/, 'maxconn 200'],
        [/bind :443/, `bind 127.0.0.1:${port}`],
        [/\b90s\b/g, IDLE_TIMEOUT],
        [/\/etc\/ssl\/example\.org\.pem/, certificateAndKey],
        [/\b808\d\b/g, (named) => serverPorts[named] ?? named],
      ]);
    },
  },
];

/** On Linux, whose `/proc` tells when a process is ready for signals. */
function findProgram(name: string): string | null {
  if (process.platform !== 'linux') return null;
  const folders = ['/usr/sbin', '/usr/local/sbin', ...(process.env.PATH ?? '').split(delimiter)];
  return folders.map((folder) => join(folder, name)).find(isExecutable) ?? null;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function configurationOf({ page, configurationFile }: ProxyKind): string {
  return filesOf(page).get(configurationFile) ?? '';
}

function temporaryPaths(): string {
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return kinds.map((kind) => `  ${kind}_temp_path ${kind};`).join('\n');
}

type Replacement = readonly [pattern: RegExp, text: string | ((found: string) => string)];

/** What is not there any more, the test would quietly not replace. */
function replaceAll(text: string, replacements: readonly Replacement[]): string {
  return replacements.reduce((result, [pattern, replacement]) => {
    if (result.search(pattern) < 0) throw new Error(`the page's configuration has no ${pattern}`);
    return typeof replacement === 'string'
      ? result.replace(pattern, () => replacement)
      : result.replace(pattern, replacement);
  }, text);
}
