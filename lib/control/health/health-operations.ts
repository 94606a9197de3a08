import type { Operation } from '../operation.ts';
import type { HealthDependencies } from './destination-buckets.ts';
import { pauseApiDestination, resumeApiDestination } from './pause.ts';
import { getDestinationHealth, listDestinationHealth } from './read-health.ts';

/** The keys are names of operations, as in X-Amz-Target. EventBridge does not have these operations. */
export function createHealthOperations(dependencies: HealthDependencies): Readonly<Record<string, Operation>> {
  return {
    PauseApiDestination: pauseApiDestination(dependencies),
    ResumeApiDestination: resumeApiDestination(dependencies),
    GetDestinationHealth: getDestinationHealth(dependencies),
    ListDestinationHealth: listDestinationHealth(dependencies),
  };
}
