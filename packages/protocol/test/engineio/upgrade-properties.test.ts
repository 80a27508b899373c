import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClientUpgrade, type ClientUpgradeHandler } from '../../src/engineio/client-upgrade.ts';
import type { Packet, PacketType } from '../../src/engineio/packet.ts';
import { ServerUpgrade, type ServerUpgradeHandler } from '../../src/engineio/server-upgrade.ts';

/** What a script may do next; each step with nothing to do is skipped. */
const STEPS = [
  'client sends',
  'server sends',
  'client polls',
  'client posts',
  'request arrives',
  'response arrives',
  'frame to server',
  'frame to client',
  'new transport ends',
  'time passes',
] as const;
type Step = (typeof STEPS)[number];

/**
 * One session over a model of a network: polling requests and the frames of the new transport travel on their
 * own, in any interleaving, each in order. Both ends use their upgrade machine and the simplest transports.
 */
class ModelSession {
  readonly atServer: string[] = [];
  readonly atClient: string[] = [];
  sent = 0;
  nowMs = 0;
  isNewOpen = true;
  readonly client = new ClientUpgrade(this.#clientHandler(), 400);
  readonly server = new ServerUpgrade(this.#serverHandler(), 400);
  isClientMoved = false;
  isServerMoved = false;

  #clientQueue: Packet[] = [];
  #serverQueue: Packet[] = [];
  #isPaused = false;
  #isResting = true;
  /** Requests on their way; a poll is `null`. */
  #requests: (Packet[] | null)[] = [];
  #isPollWaiting = false;
  /** Responses on their way; to a post `null`. */
  #responses: (Packet[] | null)[] = [];
  #isPolling = false;
  #isPosting = false;
  #toServer: Packet[] = [];
  #toClient: Packet[] = [];

  do(step: Step): void {
    if (step === 'client sends') this.#send('client');
    else if (step === 'server sends') this.#send('server');
    else if (step === 'client polls') this.#poll();
    else if (step === 'client posts') this.#post();
    else if (step === 'request arrives') this.#arriveAtServer();
    else if (step === 'response arrives') this.#arriveAtClient();
    else if (step === 'frame to server') this.#takeFrame('server');
    else if (step === 'frame to client') this.#takeFrame('client');
    else if (step === 'new transport ends') this.#endNewTransport();
    else this.#passTime();
  }

  /** Plays on until nothing moves any more. */
  settle(): void {
    for (let round = 0; round < 60; round++) {
      for (const step of STEPS) if (!step.endsWith('sends') && step !== 'new transport ends') this.do(step);
    }
  }

  #send(end: 'client' | 'server'): void {
    const packet: Packet = { type: 'message', data: `${++this.sent}` };
    const isMoved = end === 'client' ? this.isClientMoved : this.isServerMoved;
    if (isMoved) (end === 'client' ? this.#toServer : this.#toClient).push(packet);
    else (end === 'client' ? this.#clientQueue : this.#serverQueue).push(packet);
    this.#answerPoll();
  }

  #poll(): void {
    if (this.#isPolling || this.#isPaused) return;
    this.#isPolling = true;
    this.#requests.push(null);
  }

  #post(): void {
    if (this.#isPosting || this.#isPaused || this.#clientQueue.length === 0) return;
    this.#isPosting = true;
    this.#requests.push(this.#clientQueue);
    this.#clientQueue = [];
  }

  #arriveAtServer(): void {
    const request = this.#requests.shift();
    if (request === undefined) return;
    if (request === null) {
      this.#isPollWaiting = true;
      this.#answerPoll();
    } else {
      for (const { data } of request) this.atServer.push(String(data));
      this.#responses.push(null);
    }
  }

  #answerPoll(): void {
    if (!this.#isPollWaiting || this.#serverQueue.length === 0) return;
    this.#isPollWaiting = false;
    this.#responses.push(this.#serverQueue);
    this.#serverQueue = [];
  }

  #arriveAtClient(): void {
    const response = this.#responses.shift();
    if (response === undefined) return;
    if (response === null) this.#isPosting = false;
    else {
      this.#isPolling = false;
      for (const { type, data } of response) if (type === 'message') this.atClient.push(String(data));
    }
    this.#restIfPaused();
  }

  #restIfPaused(): void {
    if (!this.#isPaused || this.#isPolling || this.#isPosting || this.#isResting) return;
    this.#isResting = true;
    this.client.pollingPaused();
  }

  #takeFrame(end: 'client' | 'server'): void {
    const packet = (end === 'client' ? this.#toClient : this.#toServer).shift();
    if (packet === undefined) return;
    if (end === 'client') {
      if (this.isClientMoved) this.atClient.push(String(packet.data));
      else this.client.receivePacket(packet);
    } else if (this.isServerMoved) this.atServer.push(String(packet.data));
    else this.server.receivePacket(packet);
  }

  #endNewTransport(): void {
    // Once the client has moved the session lives and dies with the new transport.
    if (!this.isNewOpen || this.isClientMoved) return;
    this.isNewOpen = false;
    this.#toServer = [];
    this.#toClient = [];
    this.client.transportClosed();
    this.server.transportClosed();
  }

  #passTime(): void {
    this.nowMs += 50;
    this.client.tick(this.nowMs);
    // A server that runs out of time while the client's move is on its way ends the session: not the case here.
    if (!this.isClientMoved) this.server.tick(this.nowMs);
  }

  #clientHandler(): ClientUpgradeHandler {
    return {
      sendProbe: (type: PacketType, data: string) => this.#toServer.push({ type, data }),
      pausePolling: () => {
        this.#isPaused = true;
        this.#isResting = false;
        this.#restIfPaused();
      },
      resumePolling: () => (this.#isPaused = false),
      onUpgraded: () => {
        this.isClientMoved = true;
        this.#toServer.push(...this.#clientQueue);
        this.#clientQueue = [];
      },
      onUpgradeFailed: () => this.#endNewTransport(),
    };
  }

  #serverHandler(): ServerUpgradeHandler {
    return {
      sendProbe: (type: PacketType, data: string) => this.#toClient.push({ type, data }),
      onUpgrading: () => {},
      flushPolling: () => {
        if (!this.#isPollWaiting) return;
        this.#serverQueue.push({ type: 'noop', data: '' });
        this.#answerPoll();
      },
      onUpgraded: () => {
        this.isServerMoved = true;
        this.#toClient.push(...this.#serverQueue);
        this.#serverQueue = [];
      },
      onUpgradeFailed: () => this.#endNewTransport(),
    };
  }
}

function inOrder(numbers: readonly string[]): string[] {
  return numbers.toSorted((a, b) => Number(a) - Number(b));
}

describe('Engine.IO upgrade, both ends', () => {
  it('both ends lose nothing and overtake nothing, whether the upgrade succeeds or fails, and when', () => {
    const outcomes = new Set<string>();
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...STEPS), { maxLength: 80, size: 'max' }),
        fc.boolean(),
        (steps, isTried) => {
          const session = new ModelSession();
          if (isTried) session.client.open();
          for (const step of steps) session.do(step);
          session.settle();
          expect(session.atServer).toEqual(inOrder(session.atServer));
          expect(session.atClient).toEqual(inOrder(session.atClient));
          expect(session.atServer.length + session.atClient.length).toBe(session.sent);
          expect(session.isServerMoved).toBe(session.isClientMoved);
          outcomes.add(session.isClientMoved ? 'moved' : 'stayed');
        },
      ),
      { numRuns: 1000 },
    );
    expect(outcomes).toEqual(new Set(['moved', 'stayed']));
  });

  it('both ends move when nothing goes wrong', () => {
    const session = new ModelSession();
    session.client.open();
    session.settle();
    expect([session.isClientMoved, session.isServerMoved]).toEqual([true, true]);
  });
});
