import type { Operation } from '../operation.ts';
import type { HealthDependencies } from './destination-buckets.ts';
import { pauseApiDestination, resumeApiDestination } from './pause.ts';
import { getDestinationHealth, listDestinationHealth } from './read-health.ts';

/** Each key of the result is the name of an operation in X-Amz-Target. EventBridge has none of them. */
export function createHealthOperations(dependencies: HealthDependencies): Readonly<Record<string, Operation>> {
  return {
    PauseApiDestination: pauseApiDestination(dependencies),
    ResumeApiDestination: resumeApiDestination(dependencies),
    GetDestinationHealth: getDestinationHealth(dependencies),
    ListDestinationHealth: listDestinationHealth(dependencies),
  };
}
