import { readFileSync } from 'node:fs';

const FIXTURES = new URL('../../../packages/ws/test/fixtures/', import.meta.url);

export const cert = readFileSync(new URL('localhost.cert.pem', FIXTURES));
export const key = readFileSync(new URL('localhost.key.pem', FIXTURES));
