import type { ControlDependencies, Operation } from './operation.ts';

/** The operations of the control API, by the names that stand in X-Amz-Target. */
export function createOperations(_dependencies: ControlDependencies): Readonly<Record<string, Operation>> {
  return {};
}
