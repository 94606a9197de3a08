import { isStoreUnavailable } from '../../core/failure/failure.ts';
import { type Health, isOpen, isPaused, unknownHealth } from '../../core/health/health.ts';
import { keepingPause } from '../../core/health/pause-by-hand.ts';
import type { EndpointLimits } from '../../core/health/allowance.ts';
import { allowanceOf, isSlow, longestSlotWaitUs } from '../../core/health/allowance.ts';
import type { Bucket } from '../../core/rate/bucket.ts';
import type { SlotRequest, Decision } from '../../core/rate/decision.ts';
import { decide } from '../../core/rate/decision.ts';
import { grantOf, viewAfterRead, viewAfterWrite } from '../../core/rate/result.ts';
import type { Share } from '../../core/rate/slots.ts';
import { secondUs } from '../../core/rate/slots.ts';
import type { Reservation, Turn } from '../../core/rate/shards.ts';
import { lateTurns } from '../../core/rate/shards.ts';
import { isDoubtful, isOlderThan, patienceUs } from '../../core/rate/view.ts';
import type { BucketKey } from '../../ports/rate.ts';
import { AnswerTimes } from '../health/answer-times.ts';
import { EventCounter, ReturnBlock } from './return-block.ts';
import { Outage } from './outage.ts';
import type { BucketDependencies } from './seen-bucket.ts';
import { knownUs, SeenBucket } from './seen-bucket.ts';
import { WriteTimes } from './write-times.ts';

/** Requests of one worker to one bucket that may share a write. */
export interface BucketCall {
  readonly count: number;
  readonly newcomer: boolean;
  /** Whether the call may wait for other calls, to share a write. */
  readonly patient: boolean;
  readonly horizonMs: number;
  readonly share: Share;
  readonly limits: EndpointLimits;
  readonly revision: number;
}

const nothing: Reservation = { slotTimesMs: [], returns: [] };

/** How often a reservation is tried. After a refusal the bucket is known, so further refusals come from other workers' writes. */
const maxTries = 8;

/** Reserves slots and return times from one bucket, for one worker. */
export class WorkerBucket {
  readonly #key: BucketKey;
  readonly #dependencies: BucketDependencies;
  readonly #events = new EventCounter();
  readonly #outage: Outage;
  readonly #seen: SeenBucket;
  #block: ReturnBlock | undefined;
  readonly #writeTimes = new WriteTimes();
  readonly #healthBucket: WorkerBucket | undefined;
  /** Durations of this worker's requests. Only the bucket that keeps the health of the destination collects them. */
  readonly answerTimes = new AnswerTimes();

  /** @param healthBucket the bucket that keeps the health of the destination; default: this bucket */
  constructor(key: BucketKey, dependencies: BucketDependencies, healthBucket?: WorkerBucket) {
    this.#key = key;
    this.#seen = new SeenBucket(key, dependencies);
    this.#healthBucket = healthBucket;
    this.#dependencies = dependencies;
    this.#outage = new Outage(dependencies.random);
  }

  /** The health as this worker last saw it. */
  get health(): Health {
    return this.#seen.view.health;
  }

  /**
   * The health as far as this worker knows it, with its own latest answers. A changed destination may have another endpoint,
   * about which nothing is known yet. A pause that a person has set stays.
   */
  healthFor(revision: number): Health {
    const { pausedUntilUs } = this.#seen.view.health;
    if (this.#seen.view.revision < revision) return { ...unknownHealth, pausedUntilUs };
    const { health, answerTimes } = this.#healthBucket ?? this;
    return { ...health, answerUs: answerTimes.next(health.answerUs) ?? health.answerUs, pausedUntilUs };
  }

  get slotsUntilUs(): number {
    return this.#seen.view.slotsUntilUs;
  }

  get seen(): SeenBucket {
    return this.#seen;
  }

  get change(): SeenBucket['change'] {
    return this.#seen.change;
  }

  /** Gives the whole fleet no slot until `untilMs`. */
  async pause(untilMs: number, revision: number): Promise<void> {
    this.#block = undefined;
    await this.#seen.pause(untilMs, revision, (failures) => this.#outage.retryDelayMs(failures));
  }

  /**
   * Waits as long as a patient call may wait for others. While the circuit is open, there are no slots to share, and a wait
   * would only occupy an invocation. @returns the intended wait in ms
   */
  async gather(): Promise<number> {
    const { health } = this.#healthBucket ?? this;
    if (isOpen(health) || isSlow(health)) return 0;
    const patienceMs = patienceUs(this.#seen.view, this.#nowUs()) / 1000;
    if (patienceMs > 0) await this.#dependencies.clock.delay(patienceMs);
    return patienceMs;
  }

  /** Must not be called while an earlier call is in progress. */
  async reserve(call: BucketCall): Promise<Reservation> {
    const beganMs = this.#dependencies.clock.nowMs();
    if (call.newcomer) this.#events.add(call.count, beganMs);
    if (this.#outage.isResting(beganMs)) return { slotTimesMs: [], returns: this.#outage.turns(call.count, beganMs) };
    const slotTimesMs: number[] = [];
    let isProbe = false;
    const returns = this.#fromBlock(call, call.count);
    const left = () => call.count - slotTimesMs.length - returns.length;
    for (let tries = 0, failures = 0; left() > 0 && tries < maxTries; tries += 1) {
      try {
        const given = await this.#reserveOnce(call, left(), tries);
        slotTimesMs.push(...given.slotTimesMs);
        returns.push(...given.returns);
        isProbe ||= given.isProbe === true;
        this.#outage.ends();
        this.#writeTimes.succeeded();
      } catch (error) {
        if (!isStoreUnavailable(error)) throw error;
        this.#writeTimes.failed();
        failures += 1;
        if (!(await this.#outage.waitsOut(failures, beganMs + call.horizonMs, this.#dependencies.clock))) break;
      }
    }
    returns.push(...this.#outage.turns(left(), this.#dependencies.clock.nowMs()));
    return { slotTimesMs, returns, ...(isProbe && { isProbe }) };
  }

  /** Makes one write. It gives a slot or a turn to all, some or none of the requests. */
  async #reserveOnce(call: BucketCall, count: number, tries: number): Promise<Reservation> {
    const asked = await this.#requestAfterRead(call, count, tries);
    if (asked === undefined) return nothing;
    const durations = this.answerTimes.collected;
    const request = { ...asked, answerUs: this.answerTimes.next(this.health.answerUs) };
    const decision = decide(this.#seen.view, request);
    if (decision === undefined) {
      if (!isOlderThan(this.#seen.view, knownUs, request.nowUs)) {
        const { clock, random } = this.#dependencies;
        return { slotTimesMs: [], returns: lateTurns(count, clock.nowMs(), random) };
      }
      await this.#readBucket(request);
      return nothing;
    }
    const write = keepingPause(decision.write, this.#seen.view.health);
    const result = await this.#dependencies.buckets.write(this.#key, write);
    this.#writeTimes.add(this.#dependencies.clock.nowMs() - request.nowUs / 1000);
    this.#seen.view = viewAfterWrite(this.#seen.view, request, decision, result);
    if (result.kind === 'refused') return nothing;
    if (write.health?.set?.answerUs !== undefined) this.answerTimes.remove(durations);
    return this.#granted(call, request, decision, result.bucket);
  }

  #granted(call: BucketCall, request: SlotRequest, decision: Decision, bucket: Bucket): Reservation {
    const { slotTimesUs, returnTimesUs, generation } = grantOf(request, decision, bucket);
    const { isProbe, isStopped } = this.#stateOf(request, bucket);
    // The write may show that nothing may be sent now. The slots that it took are then given up.
    const slotTimesMs = isStopped ? [] : slotTimesUs.map((atUs) => atUs / 1000);
    const probe = isProbe && slotTimesMs.length > 0 ? { isProbe } : undefined;
    if (returnTimesUs.length <= request.count) {
      return { slotTimesMs, returns: this.#turns(returnTimesUs, generation), ...probe };
    }
    this.#block = new ReturnBlock(returnTimesUs, generation, request.nowUs);
    return { slotTimesMs, returns: this.#fromBlock(call, request.count) };
  }

  #stateOf({ onlyProbes, nowUs }: SlotRequest, { health }: Bucket) {
    const isProbe = isOpen(health) && onlyProbes;
    return { isProbe, isStopped: isPaused(health, nowUs) || (isOpen(health) && !isProbe) };
  }

  #slotRequest(call: BucketCall, count: number, tries: number): SlotRequest {
    const { newcomer, horizonMs, share, limits, revision } = call;
    const nowUs = this.#nowUs();
    const leadUs = this.#writeTimes.leadUs(this.#seen.view, horizonMs, tries);
    const health = this.healthFor(revision);
    const allowance = allowanceOf(health, share, limits, nowUs);
    const waitUs = Math.min(horizonMs * 1000, leadUs + longestSlotWaitUs(count, health, allowance, limits));
    return {
      ...allowance,
      ...(allowance.onlyProbes && this.#probeLimits()),
      count,
      newcomer,
      nowUs,
      startUs: nowUs + leadUs,
      endUs: nowUs + (allowance.onlyProbes ? leadUs + 1 : Math.ceil(waitUs)),
      revision,
      blockCount: newcomer ? this.#events.blockCount(nowUs / 1000, share.ratePerSecond, this.#writeTimes.areScarce) : 0,
    };
  }

  /** Deliveries come back when the next probe may be sent, and no earlier. The added second compensates for `earlyReturnUs`. */
  #probeLimits() {
    const returnsFromUs = this.#seen.view.slotsUntilUs + secondUs;
    // Only the bucket that keeps the health may give the slot of a probe.
    return { returnsFromUs, ...(this.#healthBucket !== undefined && { mostSlots: 0 }) };
  }

  #fromBlock(call: BucketCall, count: number): Turn[] {
    const block = this.#block;
    if (block === undefined || !call.newcomer || this.#seen.view.revision < call.revision) return [];
    return this.#turns(block.take(count, this.#nowUs()), block.generation);
  }

  #turns(timesUs: readonly number[], generation: number): Turn[] {
    const { shard } = this.#key;
    return timesUs.map((atUs) => ({ kind: 'return', generation, shard, atMs: atUs / 1000 }));
  }

  /**
   * Reads the bucket first if a write without a read would probably be refused. @returns undefined to try again, because somebody
   * is changing the pause
   */
  async #requestAfterRead(call: BucketCall, count: number, tries: number): Promise<SlotRequest | undefined> {
    const request = this.#slotRequest(call, count, tries);
    const isUnsure = isDoubtful(this.#seen.view, request.newcomer, request.startUs, request.nowUs);
    if (isUnsure) await this.#readBucket(request);
    const first = this.#healthBucket?.seen;
    const follows = first !== undefined && this.#seen.mustFollow(first, call.revision);
    if (follows && !(await this.#seen.follow(first, call.revision))) return undefined;
    return isUnsure || follows ? this.#slotRequest(call, count, tries) : request;
  }

  async #readBucket(request: SlotRequest): Promise<void> {
    this.#seen.view = viewAfterRead(this.#seen.view, request, await this.#dependencies.buckets.read(this.#key));
  }

  #nowUs(): number {
    return Math.ceil(this.#dependencies.clock.nowMs() * 1000);
  }
}
