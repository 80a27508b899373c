import { createAdapter } from '@socket.io/postgres-adapter';
import pg from 'pg';
import { describe } from 'vitest';
import { isReachable, uniqueName } from './reachable.ts';
import { type Cluster, describeCluster, startServers } from './suite.ts';

const PORT = 5432;

async function withPostgres(payloadThreshold: number): Promise<Cluster> {
  const name = uniqueName();
  const pools = [0, 1, 2].map(
    () => new pg.Pool({ host: '127.0.0.1', port: PORT, user: 'postgres', database: 'test', max: 4 }),
  );
  await pools[0]!.query(
    `CREATE TABLE ${name} (id bigserial UNIQUE, created_at timestamptz DEFAULT NOW(), payload bytea)`,
  );
  const options = { channelPrefix: name, tableName: name, payloadThreshold };
  const { servers, close } = await startServers(
    pools.map((pool) => createAdapter(pool as never, options) as never),
  );
  return {
    servers,
    close: async () => {
      await close();
      await pools[0]!.query(`DROP TABLE ${name}`);
      await Promise.all(pools.map((pool) => pool.end()));
    },
  };
}

describe("PostgreSQL, with Socket.IO's own adapter", async () => {
  if (!(await isReachable('PostgreSQL', PORT))) return;
  describeCluster('postgres-adapter', () => withPostgres(8000));
  describeCluster('postgres-adapter, all by way of its table', () => withPostgres(1));
});
