import { describe, expect, it } from 'vitest';
import { Endpoint } from '../../src/websocket/endpoint.ts';
import type { MessageHandler } from '../../src/websocket/message-reader.ts';
import { endpointOptions, TestNatives } from './recorder.ts';

const handler: MessageHandler = {
  allowsRsv1: false,
  onMessageData() {},
  onTextData() {},
  onControlFrame() {},
  onFrameViolation() {},
};

describe('endpoint', () => {
  it('endpoint lends a reader that reports to the borrower', () => {
    const endpoint = new Endpoint(endpointOptions(), new TestNatives());
    expect(endpoint.takeReader(handler).handler).toBe(handler);
  });

  it('endpoint lends again a reader that was given back, which knows the borrower no more', () => {
    const endpoint = new Endpoint(endpointOptions(), new TestNatives());
    const reader = endpoint.takeReader(handler);
    endpoint.giveReader(reader);
    expect(reader.handler).toBeNull();
    expect(endpoint.takeReader(handler)).toBe(reader);
    expect(endpoint.takeReader(handler)).not.toBe(reader);
  });

  it('endpoint keeps at most four readers', () => {
    const endpoint = new Endpoint(endpointOptions(), new TestNatives());
    const readers = Array.from({ length: 6 }, () => endpoint.takeReader(handler));
    for (const reader of readers) endpoint.giveReader(reader);
    const again = Array.from({ length: 6 }, () => endpoint.takeReader(handler));
    expect(again.filter((reader) => readers.includes(reader))).toHaveLength(4);
  });
});
