import { REFERENCE_SERVERS } from './server-catalog.mjs';

/**
 * Condenses the samples of one workload. A server's ratio is formed round by round, against the reference's
 * sample of the same round, and then the median is taken: what slowed a whole round cancels out.
 */
export function summarize(workload, samplesByServer) {
  const reference = samplesByServer.get(REFERENCE_SERVERS[workload.protocol]);
  return {
    workload,
    servers: [...samplesByServer].map(([name, samples]) => ({
      name,
      median: medianSample(samples),
      ratio: reference && ratioRange(samples, reference),
      samples,
    })),
  };
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function medianSample(samples) {
  const keys = Object.keys(samples[0]);
  return Object.fromEntries(keys.map((key) => [key, median(samples.map((sample) => sample[key]))]));
}

function ratioRange(samples, reference) {
  const ratios = samples.map((sample, round) => sample.cpuUs / reference[round].cpuUs);
  return { median: median(ratios), min: Math.min(...ratios), max: Math.max(...ratios) };
}
