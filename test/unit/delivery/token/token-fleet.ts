/**
 * Simulates a fleet with events of many destinations, one of which has a token endpoint that does not answer. The time jumps from
 * event to event. The tokens and the retry decision are the real ones. The queue hands out its message groups in turn.
 */
import { randomBytes } from 'node:crypto';
import type { FleetClock } from '../../../../bench/fleet/clock.ts';
import { createFleetClock, createSeededRandom } from '../../../../bench/fleet/clock.ts';
import { FairBatches } from '../../../../bench/fleet/fair-batches.ts';
import { classifyFailure } from '../../../../lib/core/failure/classify.ts';
import { Failure } from '../../../../lib/core/failure/failure.ts';
import { decideRetry } from '../../../../lib/core/delivery/retry.ts';
import type { OAuthCredentials } from '../../../../lib/core/destination/connection-secret.ts';
import type { OAuthTokens } from '../../../../lib/delivery/token/tokens.ts';
import { createOAuthTokens } from '../../../../lib/delivery/token/tokens.ts';
import type { HttpClient } from '../../../../lib/ports/delivery.ts';
import type { TokenStore } from '../../../../lib/ports/token.ts';
import { connectionOf } from '../../../contract/dynamodb/subjects.ts';
import { createMemoryTokenStore } from '../../../fakes/token-store.ts';

const batchSize = 10;
const tableMs = 6;
const queueMs = 20;
const answerMs = 50;
const clockSpreadMs = 5;
const sick = 'sick';
const policy = { maximumRetryAttempts: 185, maximumEventAgeMs: 86_400_000 };
const backoff = { baseMs: 1000, maximumMs: 900_000 };
const connection = connectionOf('sick', { authorizationType: 'OAUTH_CLIENT_CREDENTIALS' });
const credentials: OAuthCredentials = {
  authorizationType: 'OAUTH_CLIENT_CREDENTIALS',
  clientId: 'client',
  clientSecret: 'canary-secret',
  authorizationEndpoint: 'https://token.example.com/',
  httpMethod: 'POST',
};

export interface TokenFleetOptions {
  readonly workers: number;
  readonly backlog: number;
  readonly healthyPerSecond: number;
  readonly durationSeconds: number;
  /** After this time, the token endpoint answers. Default: never. */
  readonly healAfterSeconds?: number;
}

interface SimulatedEvent {
  readonly messageGroupId: string;
  readonly bornMs: number;
  readonly postponements: number;
}

/** Times since the beginning of the simulation, ms. */
export class TokenFleet {
  readonly tokenRequests: { readonly beganMs: number; endedMs: number }[] = [];
  readonly healthyWaitsMs: number[] = [];
  readonly sickDeliveredMs: number[] = [];
  /** The time of invocations in which only events of the sick destination were left. */
  heldMs = 0;
  readonly #clock: FleetClock = createFleetClock();
  readonly #beganMs = this.#clock.nowMs;
  readonly #random = createSeededRandom(1);
  readonly #store = createMemoryTokenStore();
  readonly #options: TokenFleetOptions;
  readonly #batches: FairBatches<OAuthTokens, SimulatedEvent>;

  constructor(options: TokenFleetOptions) {
    this.#options = options;
    const workers = Array.from({ length: options.workers }, () => this.#worker());
    this.#batches = new FairBatches(this.#clock, workers, batchSize, (worker, events) => this.#invoke(worker, events));
  }

  async run(): Promise<this> {
    const { backlog, durationSeconds, healthyPerSecond } = this.#options;
    const event = { bornMs: this.#clock.nowMs, postponements: 0 };
    for (let count = 0; count < backlog; count += 1) this.#send({ ...event, messageGroupId: sick }, 0);
    for (let count = 0; count < durationSeconds * healthyPerSecond; count += 1) {
      const bornMs = this.#beganMs + (count * 1000) / healthyPerSecond;
      const messageGroupId = `healthy-${count % 100}`;
      this.#clock.at(bornMs, () => this.#send({ messageGroupId, bornMs, postponements: 0 }, 0));
    }
    await this.#clock.runUntil(this.#beganMs + durationSeconds * 1000);
    return this;
  }

  get #sinceMs(): number {
    return this.#clock.nowMs - this.#beganMs;
  }

  #worker(): OAuthTokens {
    const store = this.#store;
    const slowly = async <Result>(call: () => Promise<Result>): Promise<Result> => {
      await this.#clock.wait(tableMs / 2);
      const result = await call();
      await this.#clock.wait(tableMs / 2);
      return result;
    };
    const slow: TokenStore = {
      read: (incarnation) => slowly(() => store.read(incarnation)),
      takeLease: (lease) => slowly(() => store.takeLease(lease)),
      save: (incarnation, holder, token) => slowly(() => store.save(incarnation, holder, token)),
      endLease: (incarnation, holder, pause) => slowly(() => store.endLease(incarnation, holder, pause)),
    };
    return createOAuthTokens({
      store: slow,
      states: { change: async () => true },
      connectionLog: { tokenFailed: () => undefined },
      secrets: { read: async () => ({ version: 'v', text: 'root' }) },
      rootSecretArn: 'root',
      http: { send: (request, options) => this.#answerToken(request, options) },
      requestTimeoutMs: 5000,
      userAgent: 'lastmile/test',
      clock: this.#clock.seenFrom((this.#random() - 0.5) * clockSpreadMs),
      random: this.#random,
      randomBytes,
    });
  }

  #answerToken: HttpClient['send'] = async (_, { timeoutMs }) => {
    const { healAfterSeconds = Infinity } = this.#options;
    const isHealed = this.#sinceMs >= healAfterSeconds * 1000;
    const request = { beganMs: this.#sinceMs, endedMs: Infinity };
    this.tokenRequests.push(request);
    await this.#clock.wait(isHealed ? answerMs : timeoutMs);
    request.endedMs = this.#sinceMs;
    if (!isHealed) throw new Failure('TimedOut', `No answer within ${timeoutMs} ms.`);
    const body = JSON.stringify({ access_token: 'healed', expires_in: 3600 });
    return { kind: 'answer', answer: { status: 200, headers: {}, body } };
  };

  #send(event: SimulatedEvent, delayMs: number): void {
    this.#batches.send(event, Math.ceil(delayMs / 1000));
  }

  async #invoke(worker: OAuthTokens, events: readonly SimulatedEvent[]): Promise<void> {
    let healthyUntilMs = this.#clock.nowMs;
    await Promise.all(
      events.map(async (event) => {
        if (event.messageGroupId === sick) return this.#deliverSick(worker, event);
        this.healthyWaitsMs.push(this.#clock.nowMs - event.bornMs);
        await this.#clock.wait(answerMs);
        healthyUntilMs = this.#clock.nowMs;
      }),
    );
    this.heldMs += this.#clock.nowMs - healthyUntilMs;
  }

  async #deliverSick(worker: OAuthTokens, event: SimulatedEvent): Promise<void> {
    try {
      await worker.tokenFor(connection, credentials, { signal: new AbortController().signal });
      await this.#clock.wait(answerMs);
      this.sickDeliveredMs.push(this.#sinceMs);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      const outcome = classifyFailure(error);
      if (outcome.kind === 'delivered') throw error;
      const postponements = event.postponements + 1;
      const history = { attempts: 0, postponements, firstReceivedAtMs: event.bornMs };
      const decision = decideRetry(policy, backoff, history, outcome, this.#clock.nowMs, this.#random);
      await this.#clock.wait(queueMs);
      if (decision.kind === 'retry') this.#send({ ...event, postponements }, decision.delayMs);
    }
  }
}
