import type { JsonObject } from '../../../core/input/json.ts';
import { requiredTextOf } from '../../../control/input.ts';
import type { Operations } from '../../../protocol/control-request.ts';
import { createEventBus, deleteEventBus, describeEventBus, listEventBuses, updateEventBus } from './buses.ts';
import { testEventPattern } from '../pattern/event-pattern.ts';
import type { BusCaller, BusDependencies, BusOperation } from './operation.ts';
import { deleteRule, describeRule, disableRule, enableRule, listRules, putRule } from './rules.ts';
import { listRuleNamesByTarget, listTargetsByRule, putTargets, removeTargets } from './rule-targets.ts';
import { listTagsForResource, tagResource, untagResource } from './tags.ts';

export interface BusOperationsDependencies extends BusDependencies {
  /** Accepts the entries of a PutEvents; resolves once they are stored. Default: the bus has no such operation. */
  readonly putEvents?: (input: JsonObject, caller: BusCaller) => Promise<JsonObject>;
}

/**
 * The operations of the local bus, by the names that stand in X-Amz-Target. Each that only reads or writes the store is one
 * transaction: it is whole, or it did not happen.
 */
export function createBusOperations(dependencies: BusOperationsDependencies): Operations {
  const { store, putEvents } = dependencies;
  const stored: Readonly<Record<string, (dependencies: BusDependencies) => BusOperation>> = {
    CreateEventBus: createEventBus,
    DescribeEventBus: describeEventBus,
    ListEventBuses: listEventBuses,
    UpdateEventBus: updateEventBus,
    DeleteEventBus: deleteEventBus,
    PutRule: putRule,
    DescribeRule: describeRule,
    ListRules: listRules,
    DeleteRule: deleteRule,
    EnableRule: enableRule,
    DisableRule: disableRule,
    PutTargets: putTargets,
    ListTargetsByRule: listTargetsByRule,
    RemoveTargets: removeTargets,
    ListRuleNamesByTarget: listRuleNamesByTarget,
    TagResource: tagResource,
    UntagResource: untagResource,
    ListTagsForResource: listTagsForResource,
  };
  const operations = Object.entries(stored).map(([name, create]): [string, Operations[string]] => {
    const operation = create(dependencies);
    return [name, async (input, caller) => store.atomically(() => operation(input, caller))];
  });
  return {
    ...Object.fromEntries(operations),
    TestEventPattern: async (input) => ({
      Result: testEventPattern(requiredTextOf(input, 'EventPattern'), requiredTextOf(input, 'Event')),
    }),
    ...(putEvents === undefined ? {} : { PutEvents: putEvents }),
  };
}
