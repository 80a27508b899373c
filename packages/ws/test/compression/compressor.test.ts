import { describe, expect, test } from 'vitest';
import { resolveCompression } from '../../src/compression/compression-options.ts';
import { Compressor } from '../../src/compression/compressor.ts';

describe('jobs that zlib cannot begin', () => {
  test('deflation says so for each, and keeps no slot', async () => {
    const settings = { ...resolveCompression(true)!, zlib: { level: 99 } };
    const deflation = new Compressor(settings, 'server').agree(settings.wanted);
    for (let i = 0; i <= settings.maxJobs; i++) {
      const deflated = new Promise((resolve) => deflation.deflateLater(Buffer.alloc(50_000), resolve));
      expect(await deflated).toBeNull();
    }
  });
});
