import { join } from 'node:path';
import { rolldown } from 'rolldown';

const PROGRAM = join(__dirname, 'program.js');

/** Returns a program with the sources that it imports in it, as no Node that is supported runs TypeScript. */
export async function bundleSources(program: string, platform: 'node' | 'browser'): Promise<string> {
  const bundle = await rolldown({
    input: PROGRAM,
    platform,
    external: (name) => !/^[./#]|^@hawser\//.test(name),
    resolve: {
      conditionNames: ['@hawser/source', ...(platform === 'node' ? ['node', 'require'] : []), 'default'],
    },
    plugins: [
      {
        name: 'program',
        resolveId: (source) => (source === PROGRAM ? PROGRAM : null),
        load: (id) => (id === PROGRAM ? program : null),
      },
    ],
  });
  const { output } = await bundle.generate({ format: platform === 'node' ? 'cjs' : 'iife' });
  await bundle.close();
  return output[0].code;
}
