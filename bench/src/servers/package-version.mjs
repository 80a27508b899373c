import { createRequire } from 'node:module';

/** The version of an installed package that lets its package.json be required. */
export function packageVersion(name) {
  return createRequire(import.meta.url)(`${name}/package.json`).version;
}
