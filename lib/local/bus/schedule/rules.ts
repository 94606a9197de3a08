import type { Clock } from '../../../ports/clock.ts';
import type { AcceptedEvent, MatchedEvent } from '../store/event-store.ts';
import { createBusEvent, matchedTargets } from '../store/event-store.ts';
import type { BusReader, Rule } from '../store/model.ts';
import { parseScheduleExpression } from './schedule.ts';

export interface ScheduledRulesOptions {
  readonly account: string;
  readonly bus: Pick<BusReader, 'scheduledRules' | 'targets'>;
  readonly accept: (accepted: readonly MatchedEvent[]) => void;
  readonly clock: Clock;
  /** A UUID. */
  readonly newId: () => string;
  readonly reportFault: (where: string, error: unknown) => void;
}

/** How often the rules are looked at: schedules have whole minutes. */
const lookMs = 1000;

/** What was missed for longer, as by a laptop that slept, is not made up for. */
const makeUpMs = 3_600_000;

/**
 * Fires the enabled rules that have a schedule.
 *
 * Failure policy: a time that passes while no stack runs is missed; one that passes while the clock leaps within an hour is
 * made up for, each on its own.
 */
export class ScheduledRules {
  readonly #options: ScheduledRulesOptions;
  readonly #stopped = new AbortController();
  #lookedAtMs: number;

  constructor(options: ScheduledRulesOptions) {
    this.#options = options;
    this.#lookedAtMs = options.clock.nowMs();
  }

  start(): void {
    this.#lookedAtMs = this.#options.clock.nowMs();
    void this.#run();
  }

  stop(): void {
    this.#stopped.abort();
  }

  async #run(): Promise<void> {
    const { clock, reportFault } = this.#options;
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      await clock.delay(lookMs, signal).catch(() => undefined);
      if (signal.aborted) return;
      try {
        this.#look();
      } catch (error) {
        reportFault('the schedules of the local bus', error);
      }
    }
  }

  #look(): void {
    const { bus, clock, accept } = this.#options;
    const nowMs = clock.nowMs();
    const fromMs = Math.max(this.#lookedAtMs, nowMs - makeUpMs);
    this.#lookedAtMs = nowMs;
    for (const { region, rule } of bus.scheduledRules()) {
      const due = dueTimes(rule, fromMs, nowMs);
      if (due.length === 0) continue;
      const targets = matchedTargets(rule, bus.targets(region, rule.eventBusName, rule.name));
      accept(due.map((timeMs) => ({ event: this.#eventOf(rule, region, timeMs), targets })));
    }
  }

  /** Source: EventBridge user guide, scheduled events. */
  #eventOf(rule: Rule, region: string, timeMs: number): AcceptedEvent {
    const { account, newId, clock } = this.#options;
    const what = { source: 'aws.events', detailType: 'Scheduled Event', detail: {}, detailText: '{}' };
    const parts = { id: newId(), account, region, timeMs, resources: [rule.arn], ...what };
    return createBusEvent(parts, clock.nowMs()).accepted;
  }
}

/** The times of a rule's schedule after one time up to another, and after it was enabled. */
function dueTimes({ scheduleExpression = '', enabledAtMs }: Rule, fromMs: number, toMs: number): readonly number[] {
  const schedule = parseScheduleExpression(scheduleExpression);
  const due: number[] = [];
  let next = schedule?.nextAfter(Math.max(fromMs, enabledAtMs), enabledAtMs);
  while (next !== undefined && next <= toMs) {
    due.push(next);
    next = schedule?.nextAfter(next, enabledAtMs);
  }
  return due;
}
