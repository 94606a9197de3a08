import type { Conclusion } from '../core/delivery.ts';
import { describeErrors } from '../core/error-description.ts';
import type { DeliveryLog } from '../ports.ts';

/**
 * One line of JSON per delivery and invocation, `delivery.concluded`. Written by hand because a logger's line costs as
 * much as the request. Holds names, codes and times; no token, secret, header or event.
 */
export function createJsonLineDeliveryLog(write: (line: string) => void): DeliveryLog {
  return {
    record(conclusion) {
      write(`${formatConclusion(conclusion)}\n`);
    },
  };
}

/** The reason is left out: it is the dead letter's and the error's to carry. A bug is shown with its own stack. */
export function formatConclusion(conclusion: Conclusion): string {
  const { settlement, eventId, rule, apiDestination, code, status, attempts, durationMs, rateWaitMs, nextAttemptAtMs } =
    conclusion;
  const { bug } = conclusion;
  return JSON.stringify({
    level: settlement.kind === 'delivered' && bug === undefined ? 'INFO' : 'WARN',
    message: 'delivery.concluded',
    outcome: settlement.kind,
    eventId,
    rule,
    apiDestination,
    code,
    status,
    attempt: attempts,
    durationMs,
    rateWaitMs,
    errors: bug === undefined ? undefined : describeErrors(bug),
    nextAttemptAt: nextAttemptAtMs === undefined ? undefined : new Date(nextAttemptAtMs).toISOString(),
  });
}
