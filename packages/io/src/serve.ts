import type { AnyHttpServer } from '@hawser/engine';

/** Serves the bundles of the client under the paths that `pattern` fits. */
export function attachClientFiles(_server: AnyHttpServer, _pattern: () => RegExp, _cors: unknown): void {}
