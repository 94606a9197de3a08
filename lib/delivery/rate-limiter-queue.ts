import type { BucketCall, Given, WorkerBucket } from './rate-limiter-bucket.ts';

interface Waiting {
  readonly call: BucketCall;
  readonly resolve: (given: Given) => void;
  readonly reject: (error: unknown) => void;
}

/** One reservation of a bucket at a time: calls that come while a write is under way share the next one. */
export function createReservationQueue(bucket: WorkerBucket) {
  let waiting: Waiting[] = [];
  let isRunning = false;

  async function run(): Promise<void> {
    isRunning = true;
    // Calls of the same moment share a write.
    await Promise.resolve();
    while (waiting[0] !== undefined) {
      const { call } = waiting[0];
      const group = waiting.filter((each) => wantsSame(each.call, call));
      waiting = waiting.filter((each) => !wantsSame(each.call, call));
      const count = group.reduce((sum, each) => sum + each.call.count, 0);
      try {
        share(group, await bucket.reserve({ ...call, count }));
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    isRunning = false;
  }

  return (call: BucketCall): Promise<Given> =>
    new Promise((resolve, reject) => {
      waiting.push({ call, resolve, reject });
      if (!isRunning) void run();
    });
}

function wantsSame(one: BucketCall, other: BucketCall): boolean {
  return (
    one.newcomer === other.newcomer &&
    one.horizonMs === other.horizonMs &&
    one.revision === other.revision &&
    one.share.ratePerSecond === other.share.ratePerSecond &&
    one.share.burst === other.share.burst
  );
}

/** In the order of the calls: who asked first goes first. */
function share(group: readonly Waiting[], { slotTimesMs, returns }: Given): void {
  let slot = 0;
  let turn = 0;
  for (const { call, resolve } of group) {
    const slots = slotTimesMs.slice(slot, slot + call.count);
    const rest = returns.slice(turn, turn + call.count - slots.length);
    slot += slots.length;
    turn += rest.length;
    resolve({ slotTimesMs: slots, returns: rest });
  }
}
