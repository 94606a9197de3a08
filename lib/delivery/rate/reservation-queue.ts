import type { Reservation } from '../../core/rate/shards.ts';
import type { BucketCall, WorkerBucket } from './worker-bucket.ts';

interface Waiting {
  readonly call: BucketCall;
  readonly resolve: (given: Reservation) => void;
  readonly reject: (error: unknown) => void;
}

/** Makes one reservation of a bucket at a time. Calls that come during a write share the next write. */
export function createReservationQueue(bucket: Pick<WorkerBucket, 'gather' | 'reserve'>) {
  let waiting: Waiting[] = [];
  let gathering: Waiting[] = [];
  let isRunning = false;

  function enqueue(...calls: readonly Waiting[]): void {
    waiting.push(...calls);
    if (!isRunning) void run();
  }

  /** Patient calls that come while the first one waits share its write. The wait is subtracted from their horizons. */
  async function gather(): Promise<void> {
    const gatheredMs = await bucket.gather();
    const gathered = gathering;
    gathering = [];
    const sooner = ({ horizonMs, ...call }: BucketCall) => ({
      ...call,
      horizonMs: Math.max(0, horizonMs - gatheredMs),
    });
    enqueue(...gathered.map(({ call, ...each }) => ({ ...each, call: sooner(call) })));
  }

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

  return (call: BucketCall): Promise<Reservation> =>
    new Promise((resolve, reject) => {
      const asking = { call, resolve, reject };
      if (!call.patient) return enqueue(asking);
      gathering.push(asking);
      if (gathering.length === 1) void gather();
    });
}

function wantsSame(one: BucketCall, other: BucketCall): boolean {
  return (
    one.newcomer === other.newcomer &&
    one.horizonMs === other.horizonMs &&
    one.revision === other.revision &&
    one.share.ratePerSecond === other.share.ratePerSecond &&
    one.share.burst === other.share.burst &&
    one.limits.timeoutUs === other.limits.timeoutUs &&
    one.limits.maximumConcurrency === other.limits.maximumConcurrency
  );
}

/** Gives slots and turns to the calls in their order: the first call gets the first slots. */
function share(group: readonly Waiting[], { slotTimesMs, returns, isProbe = false }: Reservation): void {
  let slot = 0;
  let turn = 0;
  for (const { call, resolve } of group) {
    const slots = slotTimesMs.slice(slot, slot + call.count);
    const rest = returns.slice(turn, turn + call.count - slots.length);
    slot += slots.length;
    turn += rest.length;
    resolve({ slotTimesMs: slots, returns: rest, ...(isProbe && slots.length > 0 && { isProbe }) });
  }
}
