import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Tells whether what `use` is given is gone some turns later. */
export async function isCollected(use: (thing: object) => void): Promise<boolean> {
  const ref = useOnce(use);
  for (let i = 0; i < 5 && ref.deref() !== undefined; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
  }
  return ref.deref() === undefined;
}

/** In a function of its own, whose frame is gone with it. */
function useOnce(use: (thing: object) => void): WeakRef<object> {
  const thing = { bytes: new Uint8Array(10_000) };
  use(thing);
  return new WeakRef(thing);
}

/** Returns the bytes in use, those of buffers included, after a garbage collection. */
export async function usedBytes(): Promise<number> {
  // Buffers that were just let go are freed a turn later.
  for (let i = 0; i < 2; i++) {
    collectGarbage();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
