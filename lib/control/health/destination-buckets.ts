import type { ApiDestination } from '../../core/destination/api-destination.ts';
import { limitsOf } from '../../core/health/allowance.ts';
import type { HealthReport } from '../../core/health/report.ts';
import { healthReport } from '../../core/health/report.ts';
import type { Bucket, BucketWrite } from '../../core/rate/bucket.ts';
import type { RatedDestination } from '../../core/rate/shards.ts';
import { ratedDestination, shardCount, shareOf } from '../../core/rate/shards.ts';
import type { RateBuckets } from '../../ports/rate.ts';
import type { ControlDependencies } from '../operation.ts';
import { concurrentlyModified } from '../refusals.ts';

export interface HealthDependencies extends ControlDependencies {
  readonly buckets: RateBuckets;
  /** The most requests for which one write reserves slots. The workers must have the same number, see `shardCount`. */
  readonly batchSize: number;
  /** The most invocations that run at the same time. */
  readonly invocations: number;
  /** Time limit of a request, if the delivery policy sets none. */
  readonly requestTimeoutMs: number;
}

/** Computes the change of one bucket; undefined when the bucket needs no change. */
type MakeWrite = (bucket: Bucket | undefined, nowUs: number) => BucketWrite | undefined;

/** The most tries of one change. A try fails when a worker has written the bucket since it was read, which is rare. */
const maxTries = 5;

export async function readHealth(dependencies: HealthDependencies, destination: ApiDestination): Promise<HealthReport> {
  const { buckets } = dependencies;
  const { incarnation } = destination;
  const numbers = shardNumbers(dependencies, destination);
  const read = await Promise.all(numbers.map((shard) => buckets.read({ destinationIncarnation: incarnation, shard })));
  return reportOf(dependencies, destination, read);
}

/**
 * Changes every shard of a destination's rate.
 *
 * Failure policy: shards are separate items, so one write may fail after another has succeeded. The client then gets an error
 * and can send the same request again.
 *
 * @returns the health afterwards
 * @throws ServiceError ConcurrentModificationException when the workers write too often
 */
export async function changeHealth(
  dependencies: HealthDependencies,
  destination: ApiDestination,
  make: MakeWrite,
): Promise<HealthReport> {
  const change = (shards: readonly number[]) =>
    Promise.all(shards.map((shard) => changeBucket(dependencies, destination, shard, make)));
  const changed = await change(shardNumbers(dependencies, destination));
  // If the rate was raised in the meantime, a worker may have begun to use another shard before it could see the change.
  const latest = await dependencies.apiDestinations.read(destination.name);
  if (latest?.incarnation === destination.incarnation) {
    await change(shardNumbers(dependencies, latest).slice(changed.length));
  }
  return reportOf(dependencies, destination, changed);
}

async function changeBucket(
  { buckets, clock }: HealthDependencies,
  { incarnation, name }: ApiDestination,
  shard: number,
  make: MakeWrite,
): Promise<Bucket | undefined> {
  const key = { destinationIncarnation: incarnation, shard };
  for (let tries = 0; tries < maxTries; tries += 1) {
    const bucket = await buckets.read(key);
    const write = make(bucket, nowUsOf(clock));
    if (write === undefined) return bucket;
    const result = await buckets.write(key, write);
    if (result.kind === 'written') return result.bucket;
  }
  throw concurrentlyModified('update', 'api-destination', name);
}

function reportOf(
  dependencies: HealthDependencies,
  destination: ApiDestination,
  buckets: readonly (Bucket | undefined)[],
): HealthReport {
  const rated = ratedBy(dependencies, destination);
  const limits = limitsOf(rated, buckets.length, dependencies);
  const shards = buckets.map((bucket, shard) => ({ bucket, share: shareOf(rated, shard, buckets.length), limits }));
  return healthReport(shards, nowUsOf(dependencies.clock));
}

function shardNumbers(dependencies: HealthDependencies, destination: ApiDestination): readonly number[] {
  const count = shardCount(ratedBy(dependencies, destination), dependencies.batchSize);
  return Array.from({ length: count }, (_, shard) => shard);
}

function ratedBy({ requestTimeoutMs }: HealthDependencies, destination: ApiDestination): RatedDestination {
  const { burst = 1, timeoutMs = requestTimeoutMs, maximumConcurrency, invocationRateLimit } = destination.policy ?? {};
  const limit = invocationRateLimit && { invocationRateLimit };
  return ratedDestination(destination, { burst, timeoutMs, maximumConcurrency, ...limit });
}

export function nowUsOf(clock: HealthDependencies['clock']): number {
  return Math.ceil(clock.nowMs() * 1000);
}
