import { createDeadLetters } from '../../../../lib/delivery/redrive/dead-letters.ts';
import { createFaults } from '../../../fakes/faults.ts';
import { createInMemoryDeadLetterMessages } from '../../../fakes/in-memory-dead-letter-messages.ts';
import { createInMemoryDeliveryQueue } from '../../../fakes/in-memory-delivery-queue.ts';
import { createManualClock } from '../../../fakes/manual-clock.ts';
import { deadLetterOf } from '../../core/message/dead-letters.ts';

/** The dead letters over queues in memory. `put` adds one, and `faults` makes a call of a queue fail. */
export function createDeadLetterParts() {
  const clock = createManualClock();
  const faults = createFaults();
  const lying = createInMemoryDeadLetterMessages(clock);
  const queue = createInMemoryDeliveryQueue();
  const dependencies = {
    deadLetters: faults.wrap('deadLetters', lying),
    queue: faults.wrap('queue', queue),
    clock,
    apiDestination: undefined,
  };
  const letters = createDeadLetters(dependencies);
  const put = (id: string, members: Parameters<typeof deadLetterOf>[1] = {}) => lying.put(deadLetterOf(id, members));
  return { clock, faults, lying, queue, dependencies, letters, put };
}
