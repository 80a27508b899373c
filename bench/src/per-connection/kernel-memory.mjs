import { readFileSync } from 'node:fs';

const PAGE_BYTES = 4096;

/** What a socket has in the kernel; other caches grow for whatever else the machine does. */
const SOCKET_CACHES = [
  'TCP',
  'sock_inode_cache',
  'dentry',
  'filp',
  'eventpoll_epi',
  'ep_head',
  'lsm_file_cache',
  'lsm_inode_cache',
  'tcp_bind_bucket',
  'tcp_bind2_bucket',
];

/** What the kernel holds for sockets now. The slab caches are for root alone; without them their map is empty. */
export function kernelMemory() {
  const [, inUse, pages] = /^TCP: inuse (\d+) orphan \d+ tw \d+ alloc \d+ mem (\d+)$/m.exec(
    readFileSync('/proc/net/sockstat', 'utf8'),
  );
  return { sockets: Number(inUse), bufferBytes: Number(pages) * PAGE_BYTES, caches: slabCaches() };
}

/** Returns by how many bytes each cache of sockets grew for each of `count` connections, largest first. */
export function slabGrowth(before, after, count) {
  return SOCKET_CACHES.map((name) => ({
    name,
    bytes: ((after.caches.get(name) ?? 0) - (before.caches.get(name) ?? 0)) / count,
  })).sort((a, b) => b.bytes - a.bytes);
}

function slabCaches() {
  try {
    return new Map(readFileSync('/proc/slabinfo', 'utf8').trimEnd().split('\n').map(toCache));
  } catch {
    return new Map();
  }
}

function toCache(row) {
  const [name, activeObjects, , objectBytes] = row.split(/\s+/);
  return [name, Number(activeObjects) * Number(objectBytes)];
}
