import { spawn } from 'node:child_process';

/**
 * Open a page in the user's browser. Not being able to is no reason to fail: the address was printed.
 *
 * @param url - the page; written by us, never by a peer
 * @param onFailure - is told in a sentence why it did not work
 */
export function openBrowser(url: string, onFailure: (message: string) => void): void {
  const [command, ...args] = openerOf(process.platform);
  const child = spawn(command, [...args, url], { stdio: 'ignore', detached: true });
  child.on('error', () => onFailure(`could not start a browser with ${command}; open ${url} yourself`));
  child.unref();
}

function openerOf(platform: NodeJS.Platform): readonly [string, ...string[]] {
  if (platform === 'darwin') return ['open'];
  // `start` takes a first quoted argument for the title of a window.
  if (platform === 'win32') return ['cmd', '/c', 'start', ''];
  return ['xdg-open'];
}
