import { describe, expect, it } from 'vitest';
import { VIOLATIONS } from '../../src/engineio/errors.ts';

describe('Engine.IO violations', () => {
  it.each(Object.entries(VIOLATIONS))('%s has words that may travel', (code, words) => {
    expect(code).toMatch(/^EIO_ERR_[A-Z0-9_]+$/);
    expect(words).toMatch(/^[\x20-\x7e]{1,75}$/);
  });
});
