import { beforeEach } from 'vitest';
import { faultBehind } from './differences.ts';

/** A test that fails because of a named fault of moto does not run against moto. `npm test` runs it against the local stack. */
beforeEach(({ task, skip }) => {
  const fault = faultBehind(task.name);
  if (fault !== undefined) skip(fault);
});
