import { type ChildProcess, fork } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import type { Actions } from './actions.ts';
import type { Call, Reply } from './cluster-process.ts';
import { uniqueName } from './reachable.ts';
import { type Cluster, describeCluster } from './suite.ts';

/** Where what it is built into finds the packages that it does not contain. */
const CACHE = join(__dirname, '../../../../node_modules/.cache');

/** Node runs no TypeScript in versions that are supported, so the processes run what it is built into. */
async function buildProcess(): Promise<string> {
  mkdirSync(CACHE, { recursive: true });
  const file = join(CACHE, `${uniqueName()}.cjs`);
  const bundle = await rolldown({
    input: join(__dirname, 'cluster-process.ts'),
    platform: 'node',
    external: (name) => !name.startsWith('.') && !name.startsWith('/') && !name.startsWith('@hawser/'),
    resolve: { conditionNames: ['@hawser/source', 'node', 'require', 'default'] },
  });
  await bundle.write({ file, format: 'cjs' });
  await bundle.close();
  return file;
}

/** Calls the actions of a server in another process. */
function createRemoteActions(primary: ChildProcess, worker: number): Actions {
  const call = (action: keyof Actions, args: unknown[]) =>
    new Promise((resolve, reject) => {
      const id = Math.random();
      const onReply = (reply: Reply) => {
        if (reply.kind !== 'result' || reply.id !== id) return;
        primary.off('message', onReply);
        if (reply.error === undefined) resolve(reply.result);
        else reject(new Error(reply.error));
      };
      primary.on('message', onReply);
      primary.send({ kind: 'call', worker, id, action, args } satisfies Call);
    });
  return new Proxy({} as Actions, {
    get:
      (_, action) =>
      (...args: unknown[]) =>
        call(action as keyof Actions, args),
  });
}

async function withCluster(): Promise<Cluster> {
  const file = await buildProcess();
  const primary = fork(file, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const servers: { actions: Actions; url: string }[] = [];
  await new Promise<void>((resolve, reject) => {
    primary.once('exit', () => reject(new Error('the primary process ended')));
    primary.on('message', (reply: Reply) => {
      if (reply.kind !== 'listening') return;
      const url = `http://127.0.0.1:${reply.port}`;
      servers[reply.worker] = { actions: createRemoteActions(primary, reply.worker), url };
      if (servers.filter(Boolean).length === 3) resolve();
    });
  });
  return {
    servers,
    close: async () => {
      const hasEnded = new Promise((resolve) => primary.once('exit', resolve));
      primary.disconnect();
      await hasEnded;
      rmSync(file);
    },
  };
}

describeCluster("processes of node:cluster, with Socket.IO's cluster-adapter", withCluster);
