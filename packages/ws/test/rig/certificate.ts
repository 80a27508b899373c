import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const FIXTURES = join(__dirname, '..', 'fixtures');

/** A self-signed certificate for `localhost` and 127.0.0.1, made for these tests, and its key. */
export const CERTIFICATE = {
  cert: readFileSync(join(FIXTURES, 'localhost.cert.pem'), 'utf8'),
  key: readFileSync(join(FIXTURES, 'localhost.key.pem'), 'utf8'),
};
