import type { JsonObject } from '../../../core/input/json.ts';
import { requiredTextOf } from '../../../control/input.ts';
import type { Operations } from '../../../protocol/control-request.ts';
import { createEventBus, deleteEventBus, describeEventBus, listEventBuses, updateEventBus } from './buses.ts';
import { testEventPattern } from '../pattern/event-pattern.ts';
import { putPermission, removePermission } from './permissions.ts';
import type { BusCaller, BusDependencies, BusOperation } from './operation.ts';
import { deleteRule, describeRule, disableRule, enableRule, listRules, putRule } from './rules.ts';
import { listRuleNamesByTarget, listTargetsByRule, putTargets, removeTargets } from './rule-targets.ts';
import { listTagsForResource, tagResource, untagResource } from './tags.ts';

export interface BusOperationsDependencies extends BusDependencies {
  /** Accepts the entries of a PutEvents; resolves when they are stored. Default: the bus has no PutEvents. */
  readonly putEvents?: (input: JsonObject, caller: BusCaller) => Promise<JsonObject>;
}

/**
 * The operations of the local bus, by their names in X-Amz-Target. Each operation that only uses the store is one
 * transaction: it happens completely or not at all.
 */
export function createBusOperations(dependencies: BusOperationsDependencies): Operations {
  const { store, putEvents } = dependencies;
  const stored: Readonly<Record<string, (dependencies: BusDependencies) => BusOperation>> = {
    CreateEventBus: createEventBus,
    DescribeEventBus: describeEventBus,
    ListEventBuses: listEventBuses,
    UpdateEventBus: updateEventBus,
    DeleteEventBus: deleteEventBus,
    PutPermission: putPermission,
    RemovePermission: removePermission,
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
