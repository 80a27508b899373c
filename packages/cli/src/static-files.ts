import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { unreadableFile } from './errors.ts';

/** A file in memory, ready to be sent. */
export interface StaticFile {
  readonly contentType: string;
  readonly body: Buffer;
}

/** The files that may be served, by the exact path of the request. */
export type StaticFiles = ReadonlyMap<string, StaticFile>;

const CONTENT_TYPES: Readonly<Record<string, string | undefined>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/**
 * Read the files of a folder into memory. A request is then answered from the map and never from a path
 * that the client wrote, so there is no way out of the folder.
 *
 * @param folder - the folder; its subfolders and files of unknown types are left out
 * @throws {FILE_UNREADABLE} when the folder, its index.html, or any of its files cannot be read
 */
export async function readStaticFiles(folder: string): Promise<StaticFiles> {
  const files = new Map<string, StaticFile>();
  for (const name of await read(folder, () => readdir(folder))) {
    const contentType = CONTENT_TYPES[extname(name)];
    if (contentType === undefined) continue;
    const path = join(folder, name);
    files.set(`/${name}`, { contentType, body: await read(path, () => readFile(path)) });
  }
  const indexPath = join(folder, 'index.html');
  const index = files.get('/index.html') ?? {
    contentType: CONTENT_TYPES['.html']!,
    body: await read(indexPath, () => readFile(indexPath)),
  };
  return files.set('/', index);
}

/**
 * Read a single file into memory, of a type that {@link readStaticFiles} knows.
 *
 * @throws {FILE_UNREADABLE} when it cannot be read
 */
export async function readStaticFile(path: string): Promise<StaticFile> {
  const contentType = CONTENT_TYPES[extname(path)] ?? 'application/octet-stream';
  return { contentType, body: await read(path, () => readFile(path)) };
}

async function read<Result>(path: string, operation: () => Promise<Result>): Promise<Result> {
  try {
    return await operation();
  } catch (error) {
    throw unreadableFile(path, error);
  }
}
