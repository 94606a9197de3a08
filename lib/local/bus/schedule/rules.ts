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
  /** Returns a new UUID. */
  readonly newId: () => string;
  readonly reportFault: (where: string, error: unknown) => void;
}

/** How often the schedules are checked. Schedules fire on whole minutes. */
const checkIntervalMs = 1000;

/** Times that were missed by more than this, for example while a laptop slept, are skipped. */
const maxCatchUpMs = 3_600_000;

/**
 * Fires the enabled rules that have a schedule.
 *
 * Failure policy: a rule does not fire for times at which no stack ran. When the clock jumps forward, it fires once for
 * each time missed within the last hour.
 */
export class ScheduledRules {
  readonly #options: ScheduledRulesOptions;
  readonly #stopped = new AbortController();
  #checkedAtMs: number;

  constructor(options: ScheduledRulesOptions) {
    this.#options = options;
    this.#checkedAtMs = options.clock.nowMs();
  }

  start(): void {
    this.#checkedAtMs = this.#options.clock.nowMs();
    void this.#run();
  }

  stop(): void {
    this.#stopped.abort();
  }

  async #run(): Promise<void> {
    const { clock, reportFault } = this.#options;
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      await clock.delay(checkIntervalMs, signal).catch(() => undefined);
      if (signal.aborted) return;
      try {
        this.#fireDueRules();
      } catch (error) {
        reportFault('the schedules of the local bus', error);
      }
    }
  }

  #fireDueRules(): void {
    const { bus, clock, accept } = this.#options;
    const nowMs = clock.nowMs();
    const fromMs = Math.max(this.#checkedAtMs, nowMs - maxCatchUpMs);
    this.#checkedAtMs = nowMs;
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

/** The times of a rule's schedule after `fromMs`, up to `toMs`, and after the rule was enabled. */
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
