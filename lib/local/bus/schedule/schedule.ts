import { parseCron } from './cron.ts';

/** When a scheduled rule fires. */
export interface Schedule {
  /**
   * The first time after `afterMs`, in epoch ms. Undefined: never again.
   *
   * @param enabledAtMs when the rule was last enabled: a rate counts from this time
   */
  nextAfter(afterMs: number, enabledAtMs: number): number | undefined;
}

const minuteMs = 60_000;
const unitsMs: Readonly<Record<string, number>> = { minute: minuteMs, hour: 60 * minuteMs, day: 24 * 60 * minuteMs };

/**
 * Parses `rate(1 hour)`, `rate(5 minutes)` or `cron(0 12 * * ? *)`, in UTC. Source: EventBridge user guide, schedule
 * expressions.
 *
 * @returns undefined when the text is not a schedule expression
 */
export function parseScheduleExpression(text: string): Schedule | undefined {
  const [, cron] = /^cron\(([^()]{1,248})\)$/.exec(text) ?? [];
  if (cron !== undefined) return parseCron(cron.trim());
  const [, count = '', unit = '', plural] = /^rate\(([1-9][0-9]{0,8}) (minute|hour|day)(s?)\)$/.exec(text) ?? [];
  const unitMs = unitsMs[unit];
  if (unitMs === undefined || (count === '1') !== (plural === '')) return undefined;
  return rate(Number(count) * unitMs);
}

function rate(periodMs: number): Schedule {
  return {
    nextAfter(afterMs, enabledAtMs) {
      const periods = Math.max(0, Math.floor((afterMs - enabledAtMs) / periodMs));
      return enabledAtMs + (periods + 1) * periodMs;
    },
  };
}
