import { describe, expect, it } from 'vitest';
import { PerMessageDeflate } from '../src/permessage-deflate.ts';
import { closeOf, connectPair, nextTexts } from './rig.ts';

/** So much is compressed on another thread. */
const LARGE = 'much '.repeat(20_000);

describe('concurrencyLimit', () => {
  it.each([0, -1, Number.NaN])('%s is no limit, as in ws', async (concurrencyLimit) => {
    const perMessageDeflate = { concurrencyLimit };
    const { client, peer } = await connectPair({ perMessageDeflate }, { perMessageDeflate });
    const answers = nextTexts(client, 2);
    peer.on('message', (data) => peer.send(data, { binary: false }));
    client.send(LARGE);
    client.send('behind');
    expect(await answers).toEqual([LARGE, 'behind']);
    const closed = closeOf(client);
    peer.send(LARGE);
    peer.close(4000);
    expect(await closed).toEqual([4000, '']);
  });
});

describe('PerMessageDeflate', () => {
  it('breaks off what is under way, and goes on with what a callback then compresses', async () => {
    const deflate = new PerMessageDeflate({ threshold: 0 }, true);
    deflate.accept([{}]);
    const errors: (string | undefined)[] = [];
    await new Promise<void>((resolve) => {
      const callback = (error: Error | null): void => {
        errors.push(error?.message);
        if (error === null || errors.length > 5) resolve();
        else deflate.compress(Buffer.from('again'), true, callback);
      };
      deflate.compress(Buffer.from('once'), true, callback);
      deflate.cleanup();
    });
    expect(errors).toEqual(['The deflate stream was closed while data was being processed', undefined]);
  });
});
