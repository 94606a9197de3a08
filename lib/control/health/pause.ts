import { forEverUs } from '../../core/health/health.ts';
import { pauseByHandWrite, resumeByHandWrite } from '../../core/health/pause-by-hand.ts';
import type { JsonObject } from '../../core/input/json.ts';
import { secondUs } from '../../core/rate/slots.ts';
import { requireApiDestination } from '../destinations/api-destination-checks.ts';
import { numberOf, requiredTextOf } from '../input.ts';
import type { Operation } from '../operation.ts';
import { invalidParameter } from '../refusals.ts';
import type { HealthDependencies } from './destination-buckets.ts';
import { changeHealth, nowUsOf } from './destination-buckets.ts';
import { healthAnswer } from './read-health.ts';

/** A new pause replaces an earlier one. Without `Until`, it lasts until ResumeApiDestination. */
export function pauseApiDestination(dependencies: HealthDependencies): Operation {
  return async (input) => {
    const untilUs = requestedEndUs(dependencies, input);
    const destination = await requireApiDestination(dependencies, 'update', requiredTextOf(input, 'Name'));
    const health = await changeHealth(dependencies, destination, (bucket, nowUs) =>
      pauseByHandWrite(bucket, untilUs, nowUs, destination.revision),
    );
    return healthAnswer(destination, health);
  };
}

/** Succeeds even if the destination is not paused, because that is what the client asked for. */
export function resumeApiDestination(dependencies: HealthDependencies): Operation {
  return async (input) => {
    const destination = await requireApiDestination(dependencies, 'update', requiredTextOf(input, 'Name'));
    return healthAnswer(destination, await changeHealth(dependencies, destination, resumeByHandWrite));
  };
}

/** @throws ServiceError ValidationException when `Until` is not in the future */
function requestedEndUs({ clock }: HealthDependencies, input: JsonObject): number {
  const seconds = numberOf(input, 'Until');
  if (seconds === undefined) return forEverUs;
  const untilUs = Math.ceil(seconds * secondUs);
  if (untilUs > nowUsOf(clock)) return Math.min(untilUs, forEverUs);
  const reason = 'It is not in the future. Give epoch seconds, or leave it out to pause until somebody resumes.';
  throw invalidParameter('update', 'api-destination', 'Until', reason);
}
