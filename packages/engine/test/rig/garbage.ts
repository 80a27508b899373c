import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
export const collectGarbage = runInNewContext('gc') as () => void;

/** Collects garbage until `ref` is gone, or that has been tried for long. */
export async function isCollected(ref: WeakRef<object>): Promise<boolean> {
  for (let i = 0; i < 100; i++) {
    collectGarbage();
    if (ref.deref() === undefined) return true;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return false;
}
