import type { Conclusion } from '../../core/delivery/delivery.ts';
import { describeErrors } from '../../core/failure/failure.ts';
import type { DeliveryLog } from '../../ports/delivery.ts';
import type { ConnectionLog, CredentialsLog, HealthLog, SecurityLog } from '../../ports/metrics.ts';
import type { ResourceLog } from '../../ports/resources.ts';

/**
 * Writes one line of JSON, `delivery.concluded`, for each delivery in each invocation. The code is written by hand, because a
 * line of a logging library costs as much as the request. A line holds names, codes and times, and the endpoint's answer to an event
 * that it did not accept. It holds no token, secret, header or event, unless the endpoint repeats an event in its answer.
 */
export function createJsonLineDeliveryLog(write: (line: string) => void): DeliveryLog {
  return {
    record(conclusion) {
      write(`${formatConclusion(conclusion)}\n`);
    },
  };
}

/** Longer than every reason, because the names in a reason are bounded. */
const maxReasonCharacters = 1024;

/** A bug is shown with its stack. */
export function formatConclusion(conclusion: Conclusion): string {
  const { settlement, bug, nextAttemptAtMs } = conclusion;
  return JSON.stringify({
    level: settlement.kind === 'delivered' && bug === undefined ? 'INFO' : 'WARN',
    message: 'delivery.concluded',
    outcome: settlement.kind,
    eventId: conclusion.eventId,
    source: conclusion.source,
    detailType: conclusion.detailType,
    rule: conclusion.rule,
    targetId: conclusion.targetId,
    traceId: conclusion.traceId,
    apiDestination: conclusion.apiDestination,
    code: conclusion.code,
    reason: conclusion.reason?.slice(0, maxReasonCharacters),
    status: conclusion.status,
    answer: conclusion.answer,
    attempt: conclusion.attempts,
    durationMs: conclusion.durationMs,
    rateWaitMs: conclusion.rateWaitMs,
    batchSize: conclusion.batchSize,
    errors: bug === undefined ? undefined : describeErrors(bug),
    nextAttemptAt: nextAttemptAtMs === undefined ? undefined : new Date(nextAttemptAtMs).toISOString(),
    waitsFor: conclusion.waitsFor,
    kept: conclusion.kept,
  });
}

/** Writes lines of JSON, `connection.deauthorized`, with only the connection's name. DescribeConnection shows the reason. */
export function createJsonLineConnectionLog(write: (line: string) => void): ConnectionLog {
  return {
    deauthorized(connection) {
      write(`${JSON.stringify({ level: 'WARN', message: 'connection.deauthorized', connection })}\n`);
    },
    tokenFailed({ nextTryAtMs, ...members }) {
      const nextTryAt = nextTryAtMs === undefined ? undefined : new Date(nextTryAtMs).toISOString();
      write(`${JSON.stringify({ level: 'WARN', message: 'connection.token-failed', ...members, nextTryAt })}\n`);
    },
  };
}

/** Writes lines of JSON: `destination.unhealthy`, `destination.probe-failed` and `destination.healthy`. */
export function createJsonLineHealthLog(write: (line: string) => void): HealthLog {
  return {
    record({ event, ...members }) {
      const level = event === 'healthy' ? 'INFO' : 'WARN';
      const nextProbeAt =
        'nextProbeAtMs' in members ? { nextProbeAt: new Date(members.nextProbeAtMs).toISOString() } : undefined;
      const line = { level, message: `destination.${event}`, ...members, nextProbeAtMs: undefined, ...nextProbeAt };
      write(`${JSON.stringify(line)}\n`);
    },
  };
}

/**
 * Writes lines of JSON such as `security.destination-moved`, with names and hosts, the id of the request, and the public id of
 * the API key.
 */
export function createJsonLineCredentialsLog(write: (line: string) => void): CredentialsLog {
  return {
    record({ event, ...members }, { requestId, accessKeyId }) {
      const line = { level: 'WARN', message: `security.${event}`, ...members, requestId, accessKeyId };
      write(`${JSON.stringify(line)}\n`);
    },
  };
}

/** Writes lines of JSON, `address.refused`, with the host, the address that it resolved to and the class of that address. */
export function createJsonLineSecurityLog(write: (line: string) => void): SecurityLog {
  return {
    addressRefused({ host, address, reason }) {
      write(`${JSON.stringify({ level: 'WARN', message: 'address.refused', host, address, reason })}\n`);
    },
  };
}

/** Writes a line of JSON, `resource.answered`, for each request of CloudFormation. */
export function createJsonLineResourceLog(write: (line: string) => void): ResourceLog {
  return {
    record(line) {
      const level = line.status === 'SUCCESS' ? 'INFO' : 'WARN';
      write(`${JSON.stringify({ level, message: 'resource.answered', ...line })}\n`);
    },
  };
}
