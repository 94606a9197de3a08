import type { ApiDestination } from '../../core/destination/api-destination.ts';
import type { HealthReport } from '../../core/health/report.ts';
import type { JsonObject } from '../../core/input/json.ts';
import { withoutUndefined } from '../../core/input/json.ts';
import { requireApiDestination } from '../destinations/api-destination-checks.ts';
import { epochSeconds, nextTokenOf, pageRequestOf, requiredTextOf, textOf } from '../input.ts';
import type { Operation } from '../operation.ts';
import type { HealthDependencies } from './destination-buckets.ts';
import { readHealth } from './destination-buckets.ts';

export function getDestinationHealth(dependencies: HealthDependencies): Operation {
  return async (input) => {
    const destination = await requireApiDestination(dependencies, 'describe', requiredTextOf(input, 'Name'));
    return healthAnswer(destination, await readHealth(dependencies, destination));
  };
}

/** The most reads that run at the same time. A page may have a hundred destinations, and each of them several shards. */
const readsAtOnce = 10;

export function listDestinationHealth(dependencies: HealthDependencies): Operation {
  return async (input) => {
    const binding = ['ListDestinationHealth', textOf(input, 'NamePrefix')];
    const page = await dependencies.apiDestinations.list(pageRequestOf(input, 'api-destination', binding));
    const answers: JsonObject[] = [];
    for (let from = 0; from < page.items.length; from += readsAtOnce) {
      const some = page.items.slice(from, from + readsAtOnce);
      const answersOfSome = some.map(async (each) => healthAnswer(each, await readHealth(dependencies, each)));
      answers.push(...(await Promise.all(answersOfSome)));
    }
    return withoutUndefined({ ApiDestinations: answers, NextToken: nextTokenOf(page, binding) });
  };
}

/** The answer of every operation about the health of one destination. */
export function healthAnswer({ name }: ApiDestination, report: HealthReport): JsonObject {
  const { state, sinceMs, pausedUntilMs, nextProbeAtMs, lastFailure, failuresInRow, meanAnswerMs } = report;
  return withoutUndefined({
    Name: name,
    State: state,
    Since: seconds(sinceMs),
    PausedUntil: seconds(pausedUntilMs),
    NextProbeAt: seconds(nextProbeAtMs),
    LastFailure: lastFailure && { Code: lastFailure.code, At: epochSeconds(lastFailure.atMs) },
    FailuresInRow: failuresInRow,
    MeanAnswerMilliseconds: meanAnswerMs,
    WaitingEvents: report.waitingEvents,
  });
}

function seconds(timeMs: number | undefined): number | undefined {
  return timeMs === undefined ? undefined : epochSeconds(timeMs);
}
