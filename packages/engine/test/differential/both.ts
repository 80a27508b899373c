import { createServer } from 'node:http';
import { type AttachOptions, Server, type ServerOptions, type Socket } from '@hawser/engine';
import { Server as UpstreamServer } from 'engine.io';
import { onTestFinished } from 'vitest';
import { listenOn } from '../rig/engines.ts';
import { type Answer, type Ask, ask, sidOf } from '../rig/http.ts';

/** What a script needs of either server. */
export interface Subject {
  readonly engine: Server;
  readonly port: number;
  /** What `connection_error` told, in order. */
  readonly errors: unknown[];
}

const PLAIN = 'text/plain; charset=UTF-8';

type Prepare = (engine: Server) => void;

/** Runs `script` against `engine.io` and against us, and returns what came of it, ids of sessions as `SID`. */
export async function runBoth<T>(
  options: ServerOptions & AttachOptions,
  prepare: Prepare,
  script: (subject: Subject) => Promise<T>,
): Promise<{ upstream: unknown; ours: unknown }> {
  const classes = { upstream: UpstreamServer as unknown as typeof Server, ours: Server };
  const results = { upstream: undefined as unknown, ours: undefined as unknown };
  for (const name of ['upstream', 'ours'] as const) {
    const ids: string[] = [];
    const subject = await start(classes[name], options, (engine) => {
      engine.on('connection', ({ id }: Socket) => ids.push(id));
      prepare(engine);
    });
    const came = await script(subject);
    let text = JSON.stringify({ came, errors: subject.errors });
    for (const id of ids) text = text.replaceAll(id, 'SID');
    results[name] = JSON.parse(text);
  }
  return results;
}

async function start(
  EngineServer: typeof Server,
  options: ServerOptions & AttachOptions,
  prepare: Prepare,
): Promise<Subject> {
  const http = createServer((request, response) => {
    response.end(`the user's own answer to ${request.url}`);
  });
  const engine = new EngineServer({ ...options });
  const errors: unknown[] = [];
  engine.on('connection_error', ({ code, message, context }) => {
    const { error, reason: _reason, ...rest } = context ?? {};
    errors.push({ code, message, context: error === undefined ? rest : { ...rest, error: String(error) } });
  });
  prepare(engine);
  engine.attach(http, options);
  onTestFinished(() => {
    engine.close();
  });
  return { engine, port: await listenOn(http), errors };
}

/**
 * Returns a script that makes requests one after the other, `SID` in them replaced by the id of the session that the
 * first one began, and returns the answers, but for the date.
 */
export function asking(...requests: readonly Ask[]): (subject: Subject) => Promise<unknown> {
  return async ({ port }) => {
    const answers: unknown[] = [];
    let sid = 'SID';
    for (const request of requests) {
      const answer = await ask(port, {
        ...request,
        ...(request.query === undefined ? {} : { query: request.query.replace('SID', sid) }),
      });
      if (sid === 'SID') sid = sidOf(answer.body.toString()) || sid;
      answers.push(dateless(answer));
    }
    return answers;
  };
}

/** Returns what of an answer is the same in every run, but for words that only ours has. */
export function dateless({ status, headers, body }: Answer): unknown {
  const { date: _date, ...others } = headers;
  const text = body.toString('latin1');
  if (status === 400 && (text === '' || headers['content-type'] === PLAIN)) return { status };
  if (/^1[a-z ]+$/.test(text)) return { status, headers: { ...others, 'content-length': '1' }, body: '1' };
  return { status, headers: others, body: text.replace(/,"reason":"[a-z ]+"/, '') };
}

/** Sends text and binary from every session as soon as it begins. */
export function greet(...greetings: readonly (string | Buffer)[]): Prepare {
  return (engine) => {
    engine.on('connection', (session: Socket) => {
      // The handshake's own answer is another matter.
      setImmediate(() => {
        for (const greeting of greetings) session.send(greeting);
      });
    });
  };
}
