import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readStaticFiles } from '../src/static-files.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hawser-static-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

test('files of known types are read under their names, the index also as the root', async () => {
  await writeFile(join(folder, 'index.html'), '<p>');
  await writeFile(join(folder, 'app.js'), '1');
  await writeFile(join(folder, 'package.json'), '{}');
  await mkdir(join(folder, 'more'));
  const files = await readStaticFiles(folder);
  expect([...files.keys()].sort()).toEqual(['/', '/app.js', '/index.html']);
  expect(files.get('/app.js')).toEqual({
    contentType: 'text/javascript; charset=utf-8',
    body: Buffer.from('1'),
  });
  expect(files.get('/')).toBe(files.get('/index.html'));
});

test('a missing folder and a missing index are said in one line', async () => {
  await expect(readStaticFiles(join(folder, 'none'))).rejects.toMatchObject({
    code: 'FILE_UNREADABLE',
    message: `cannot read ${join(folder, 'none')}: no such file or folder`,
  });
  await expect(readStaticFiles(folder)).rejects.toThrow(/cannot read .*index\.html: no such file or folder/);
});

test('a file that cannot be read is said in one line', async () => {
  await mkdir(join(folder, 'style.css'));
  await expect(readStaticFiles(folder)).rejects.toThrow(/cannot read .*style\.css: it is a folder/);
});
