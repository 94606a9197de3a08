import { Failure, isStoreUnavailable } from '../../core/failure/failure.ts';
import type { Bucket } from '../../core/rate/bucket.ts';
import { pauseToleranceUs, pauseWrite } from '../../core/rate/bucket.ts';
import type { SlotRequest, Decision } from '../../core/rate/decision.ts';
import { decide, grantOf, viewAfterWrite, viewAfterRead } from '../../core/rate/decision.ts';
import type { Share } from '../../core/rate/slots.ts';
import { longestReturnUs } from '../../core/rate/slots.ts';
import type { Reservation, Turn } from '../../core/rate/shards.ts';
import { isAlone, isDoubtful, isOlderThan, patienceUs, viewWithBucket, unknownView } from '../../core/rate/view.ts';
import type { BucketKey, RateBuckets } from '../../ports/rate.ts';
import type { Clock, Random } from '../../ports/clock.ts';
import { EventCounter, ReturnBlock } from './return-block.ts';
import { Outage } from './outage.ts';

export interface BucketDependencies {
  readonly buckets: RateBuckets;
  readonly clock: Clock;
  readonly random: Random;
}

/** Requests of one worker to one bucket that may share a write. */
export interface BucketCall {
  readonly count: number;
  readonly newcomer: boolean;
  /** May wait for other calls, to share a write. */
  readonly patient: boolean;
  readonly horizonMs: number;
  readonly share: Share;
  readonly revision: number;
}

const nothing: Reservation = { slotTimesMs: [], returns: [] };

/** A refused write shows the bucket, so a third refusal means that other workers write in between. */
const maxTries = 8;

/** Age up to which a view is trusted when nothing can be given, or when only the generation is needed. */
const knownUs = 1_000_000;

/** Assumed time of a write in the same region, before one was measured. */
const usualWriteMs = 5;

/** A write that took longer counts only when the write before it did too; otherwise it is an exception. */
const longestLeadMs = 50;

/** The first slot lies at most this part of the horizon ahead, so that there is always room for a slot before the horizon. */
const longestLeadPart = 0.9;

/** Below this likelihood no other worker is expected to write soon. */
const rarelyBusy = 0.2;

const maxPauseTries = 3;

/** When this part of the latest writes has failed (two writes), the table is probably throttled, and a worker saves writes. */
const scarceFailures = 0.25;

/** Weight of the newest write. */
const failureWeight = 0.2;

/** One worker's use of one bucket: its view, its block of return times, and the table's outages. */
export class WorkerBucket {
  readonly #key: BucketKey;
  readonly #dependencies: BucketDependencies;
  readonly #events = new EventCounter();
  readonly #outage: Outage;
  #view = unknownView;
  #block: ReturnBlock | undefined;
  #leadMs = usualWriteMs;
  #lastWriteMs = usualWriteMs;
  #pausedUntilUs = 0;
  #failedPart = 0;

  constructor(key: BucketKey, dependencies: BucketDependencies) {
    this.#key = key;
    this.#dependencies = dependencies;
    this.#outage = new Outage(dependencies.random);
  }

  /** Waits as long as a patient call may wait for others. @returns the intended wait in ms */
  async gather(): Promise<number> {
    const patienceMs = patienceUs(this.#view, this.#nowUs()) / 1000;
    if (patienceMs > 0) await this.#dependencies.clock.delay(patienceMs);
    return patienceMs;
  }

  /** To be called one at a time. */
  async reserve(call: BucketCall): Promise<Reservation> {
    const beganMs = this.#dependencies.clock.nowMs();
    if (call.newcomer) this.#events.add(call.count, beganMs);
    if (this.#outage.isResting(beganMs)) return { slotTimesMs: [], returns: this.#outage.turns(call.count, beganMs) };
    const slotTimesMs: number[] = [];
    const returns = this.#fromBlock(call, call.count);
    const left = () => call.count - slotTimesMs.length - returns.length;
    for (let tries = 0, failures = 0; left() > 0 && tries < maxTries; tries += 1) {
      try {
        const given = await this.#reserveOnce(call, left(), tries);
        slotTimesMs.push(...given.slotTimesMs);
        returns.push(...given.returns);
        this.#outage.ends();
        this.#failedPart -= this.#failedPart * failureWeight;
      } catch (error) {
        if (!isStoreUnavailable(error)) throw error;
        this.#failedPart += (1 - this.#failedPart) * failureWeight;
        failures += 1;
        if (!(await this.#outage.waitsOut(failures, beganMs + call.horizonMs, this.#dependencies.clock))) break;
      }
    }
    returns.push(...this.#outage.turns(left(), this.#dependencies.clock.nowMs()));
    return { slotTimesMs, returns };
  }

  /**
   * Failure policy: a pause that cannot be written is lost. The delivery that was told to wait waits all the same, and so will
   * the next one that the endpoint tells.
   */
  async pause(untilMs: number, revision: number): Promise<void> {
    // The bucket holds at most 900 s. An endpoint that asks for longer is asked again then, and says so again.
    const untilUs = Math.min(Math.ceil(untilMs * 1000), this.#nowUs() + longestReturnUs);
    if (untilUs <= Math.max(this.#pausedUntilUs, this.#view.slotsUntilUs) + pauseToleranceUs) return;
    this.#pausedUntilUs = untilUs;
    this.#block = undefined;
    for (let failures = 1; failures <= maxPauseTries; failures += 1) {
      const nowUs = this.#nowUs();
      try {
        const { bucket } = await this.#dependencies.buckets.write(this.#key, pauseWrite(untilUs, nowUs, revision));
        if (bucket !== undefined) this.#view = viewWithBucket(this.#view, bucket, nowUs);
        return;
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        await this.#dependencies.clock.delay(this.#outage.retryDelayMs(failures));
      }
    }
    this.#pausedUntilUs = 0;
  }

  /** @returns undefined while it cannot be known */
  async generation(): Promise<number | undefined> {
    try {
      const nowUs = this.#nowUs();
      if (isOlderThan(this.#view, knownUs, nowUs)) {
        this.#view = viewWithBucket(this.#view, await this.#dependencies.buckets.read(this.#key), nowUs);
      }
    } catch (error) {
      if (!isStoreUnavailable(error)) throw error;
    }
    return this.#view.generation === 0 ? undefined : this.#view.generation;
  }

  /** Makes one write, which gives all, some or none of the requests a slot or turn. */
  async #reserveOnce(call: BucketCall, count: number, tries: number): Promise<Reservation> {
    const request = await this.#requestAfterRead(call, count, tries);
    const decision = decide(this.#view, request);
    if (decision === undefined) {
      if (!isOlderThan(this.#view, knownUs, request.nowUs)) return { slotTimesMs: [], returns: this.#beyond(count) };
      await this.#readBucket(request);
      return nothing;
    }
    const result = await this.#dependencies.buckets.write(this.#key, decision.write);
    const tookMs = this.#dependencies.clock.nowMs() - request.nowUs / 1000;
    const countsMs = Math.min(tookMs, Math.max(longestLeadMs, this.#lastWriteMs));
    this.#leadMs += (Math.max(0, countsMs) - this.#leadMs) / 5;
    this.#lastWriteMs = tookMs;
    this.#view = viewAfterWrite(this.#view, request, decision, result);
    return result.kind === 'written' ? this.#granted(call, request, decision, result.bucket) : nothing;
  }

  #granted(call: BucketCall, request: SlotRequest, decision: Decision, bucket: Bucket): Reservation {
    const { slotTimesUs, returnTimesUs, generation } = grantOf(request, decision, bucket);
    const slotTimesMs = slotTimesUs.map((atUs) => atUs / 1000);
    if (returnTimesUs.length <= request.count) return { slotTimesMs, returns: this.#turns(returnTimesUs, generation) };
    this.#block = new ReturnBlock(returnTimesUs, generation, request.nowUs);
    return { slotTimesMs, returns: this.#fromBlock(call, request.count) };
  }

  /**
   * The earliest time for a slot: the slot must not have passed when the write returns, so it lies the time of one write ahead. It lies one
   * more write ahead when other workers write often, and one more for each earlier try. Only unused slots are skipped.
   */
  #startUs(nowUs: number, { horizonMs }: BucketCall, tries: number): number {
    const othersWrite = this.#view.busyLikelihood > rarelyBusy && !isAlone(this.#view);
    const writes = 1 + tries + (othersWrite ? 1 : 0);
    return nowUs + Math.ceil(Math.min(this.#leadMs * writes, horizonMs * longestLeadPart) * 1000);
  }

  #slotRequest(call: BucketCall, count: number, tries: number): SlotRequest {
    const { newcomer, horizonMs, share, revision } = call;
    const nowUs = this.#nowUs();
    const nowMs = nowUs / 1000;
    return {
      count,
      newcomer,
      nowUs,
      startUs: this.#startUs(nowUs, call, tries),
      endUs: nowUs + Math.ceil(horizonMs * 1000),
      share,
      revision,
      blockCount: newcomer ? this.#events.blockCount(nowMs, share.ratePerSecond, this.#failedPart > scarceFailures) : 0,
    };
  }

  #fromBlock(call: BucketCall, count: number): Turn[] {
    const block = this.#block;
    if (block === undefined || !call.newcomer || this.#view.revision < call.revision) return [];
    return this.#turns(block.take(count, this.#nowUs()), block.generation);
  }

  #turns(timesUs: readonly number[], generation: number): Turn[] {
    const { shard } = this.#key;
    return timesUs.map((atUs) => ({ kind: 'return', generation, shard, atMs: atUs / 1000 }));
  }

  /** Turns beyond the longest delay, spread so that the deliveries do not come back all at once. They return as newcomers. */
  #beyond(count: number): Turn[] {
    const { clock, random } = this.#dependencies;
    const nowMs = clock.nowMs();
    const turn = (): Turn => ({
      kind: 'newcomer',
      atMs: nowMs + Math.floor((longestReturnUs / 1000) * (1 - random() / 2)),
    });
    return Array.from({ length: count }, turn).sort((a, b) => a.atMs - b.atMs);
  }

  /** The request, after a read of the bucket when a write without one would probably be refused. */
  async #requestAfterRead(call: BucketCall, count: number, tries: number): Promise<SlotRequest> {
    const request = this.#slotRequest(call, count, tries);
    if (!isDoubtful(this.#view, request.newcomer, request.startUs, request.nowUs)) return request;
    await this.#readBucket(request);
    return this.#slotRequest(call, count, tries);
  }

  async #readBucket(request: SlotRequest): Promise<void> {
    this.#view = viewAfterRead(this.#view, request, await this.#dependencies.buckets.read(this.#key));
  }

  #nowUs(): number {
    return Math.ceil(this.#dependencies.clock.nowMs() * 1000);
  }
}
