import type { Operation } from '../operation.ts';
import type { HealthDependencies } from './destination-buckets.ts';
import { pauseApiDestination, resumeApiDestination } from './pause.ts';
import { getDestinationHealth, listDestinationHealth } from './read-health.ts';

/** Operations about the health of API destinations, which EventBridge does not have, by their names in X-Amz-Target. */
export function createHealthOperations(dependencies: HealthDependencies): Readonly<Record<string, Operation>> {
  return {
    PauseApiDestination: pauseApiDestination(dependencies),
    ResumeApiDestination: resumeApiDestination(dependencies),
    GetDestinationHealth: getDestinationHealth(dependencies),
    ListDestinationHealth: listDestinationHealth(dependencies),
  };
}
