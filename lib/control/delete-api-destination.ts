import { requireApiDestination } from './api-destination-checks.ts';
import { requiredTextOf } from './input.ts';
import type { ControlDependencies, Operation } from './operation.ts';
import { concurrentlyModified } from './refusals.ts';

export function deleteApiDestination(dependencies: ControlDependencies): Operation {
  return async (input) => {
    const destination = await requireApiDestination(dependencies, 'delete', requiredTextOf(input, 'Name'));
    const removed = await dependencies.apiDestinations.remove(destination);
    if (removed === 'changed') throw concurrentlyModified('delete', 'api-destination', destination.name);
    // One that is gone by now is what was asked for, by whomever.
    return {};
  };
}
