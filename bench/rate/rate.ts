/** Goals 3 and 4: the cost of slots in the process, and the rate that a fleet reaches. */
import type { Bucket } from '../../lib/core/rate/bucket.ts';
import type { SlotRequest } from '../../lib/core/rate/decision.ts';
import { unknownHealth } from '../../lib/core/health/health.ts';
import { decide } from '../../lib/core/rate/decision.ts';
import { grantOf, viewAfterWrite } from '../../lib/core/rate/result.ts';
import { wholeAllowance } from '../../test/fakes/healthy.ts';
import type { BucketView } from '../../lib/core/rate/view.ts';
import { viewWithBucket, unknownView } from '../../lib/core/rate/view.ts';
import type { Figure } from '../figure.ts';
import { measureFleets } from '../fleet/goal.ts';

const batchSize = 10;

export async function measureRate(): Promise<Figure[]> {
  return [...measureArithmetic(), ...(await measureFleets())];
}

function measureArithmetic(): Figure[] {
  const figure = (count: number, name: string): Figure => {
    const rounds = Array.from({ length: 25 }, () => requestUs(count));
    // The fastest round counts. Slower rounds also contain the time that other processes used.
    return { goal: 3, name, value: Math.min(...rounds), target: '<= 1' };
  };
  return [
    figure(batchSize, 'slot arithmetic, us per request of a batch of 10'),
    figure(1, 'slot arithmetic, us per request alone'),
  ];
}

/**
 * Does all the work for the slots of a busy bucket, without the calls to the table: decides on the write, updates the worker's
 * view of the bucket, and lists the slots.
 */
function requestUs(count: number): number {
  const requests = 50_000;
  const nowUs = Date.now() * 1000;
  let bucket: Bucket = { slotsUntilUs: nowUs, returnsUntilUs: 0, generation: 1, revision: 1, health: unknownHealth };
  let view: BucketView = viewWithBucket(unknownView, bucket, nowUs);
  let slots = 0;
  const beganMs = performance.now();
  for (let request = 0; request < requests; request += count) {
    const startUs = bucket.slotsUntilUs - 1000;
    const share = { ratePerSecond: 5000, burst: 1 };
    const times = { nowUs: startUs, startUs, endUs: startUs + 2_000_000 };
    const request: SlotRequest = {
      count,
      newcomer: true,
      ...times,
      ...wholeAllowance(share),
      revision: 1,
      blockCount: 0,
    };
    const decision = decide(view, request);
    if (decision === undefined) break;
    bucket = { ...bucket, slotsUntilUs: bucket.slotsUntilUs + (decision.write.slots?.byUs ?? 0) };
    view = viewAfterWrite(view, request, decision, { kind: 'written', bucket });
    slots += grantOf(request, decision, bucket).slotTimesUs.length;
  }
  return ((performance.now() - beganMs) * 1000) / slots;
}
