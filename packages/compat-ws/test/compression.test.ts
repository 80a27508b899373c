import { describe, expect, it } from 'vitest';
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
