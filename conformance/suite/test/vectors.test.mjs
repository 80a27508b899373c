/**
 * The vectors, checked against the reference endpoint of this folder: what they ask for can be done, by code that
 * was not written from them. Run with `node --test conformance/suite/test/vectors.test.mjs`.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { expand } from '../../vectors/notation.mjs';
import { FrameDecoder } from '../frame.mjs';
import { ReferenceEndpoint } from './reference-endpoint.mjs';

const FOLDER = new URL('../../vectors/', import.meta.url);

for (const file of readdirSync(FOLDER).filter((name) => name.endsWith('.json'))) {
  test(`an endpoint written apart gives the traces of ${file}`, () => {
    for (const vector of JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8'))) {
      assert.deepEqual(traceOf(vector), expectedTrace(vector), vector.name);
    }
  });
}

/** What the endpoint sends (it echoes messages), and whether it considers the connection closed. */
function traceOf({ role, chunks, options }) {
  const decoder = new FrameDecoder({ expectMask: role === 'client' });
  const frames = [];
  const socket = {
    setNoDelay: () => socket,
    end: () => {},
    write: (bytes) => frames.push(...decoder.push(bytes)),
  };
  const endpoint = new ReferenceEndpoint(socket, { role, ...options });
  for (const chunk of chunks) endpoint.receive(Buffer.from(expand(chunk), 'hex'));
  const control = frames.filter(({ opcode }) => opcode >= 8);
  return {
    messages: frames
      .filter(({ opcode }) => opcode < 8)
      .map(({ opcode, payload }) => [opcode === 2, payload.toString('hex')]),
    control: control.map(({ opcode, payload }) => [opcode, payload.toString('hex')]),
    isClosed: control.some(({ opcode }) => opcode === 8),
  };
}

function expectedTrace({ events, outputFrames, state }) {
  return {
    messages: events
      .filter(({ type }) => type === 'message')
      .map(({ binary, data }) => [binary, expand(data)]),
    control: outputFrames.map(({ opcode, payload }) => [opcode, expand(payload)]),
    isClosed: state === 'closed',
  };
}
