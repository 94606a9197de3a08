import { requiredTextOf, textOf, withoutUndefined } from '../../control/input.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Rule } from './model.ts';
import type { BusDependencies, BusOperation } from './operation.ts';
import { listPage } from './paging.ts';
import { requireBus, requireRule } from './references.ts';
import { invalid } from './refusals.ts';

export function describeRule({ store }: BusDependencies): BusOperation {
  return (input, caller) => {
    const rule = requireRule(store, caller, input, requiredTextOf(input, 'Name'));
    return { ...listed(rule), CreatedBy: caller.account };
  };
}

export function listRules({ store }: BusDependencies): BusOperation {
  return (input, caller) => {
    const { region } = caller;
    const { name: busName } = requireBus(store, caller, textOf(input, 'EventBusName'));
    const page = listPage(
      input,
      ['ListRules', region, busName],
      (keyset) => store.rules(region, busName, keyset),
      (rule) => rule.name,
    );
    return withoutUndefined({ Rules: page.items.map(listed), NextToken: page.nextToken });
  };
}

/** Deleting a rule that is not there succeeds; its bus must be there. Source: the API reference of DeleteRule. */
export function deleteRule({ store }: BusDependencies): BusOperation {
  return (input, caller) => {
    const name = requiredTextOf(input, 'Name');
    const bus = requireBus(store, caller, textOf(input, 'EventBusName'));
    if (store.targets(caller.region, bus.name, name).length > 0) {
      throw invalid("Rule can't be deleted since it has targets.");
    }
    store.removeRule(caller.region, bus.name, name);
    return {};
  };
}

/** A rule that is enabled already stays as it is. */
export function enableRule({ store, nowMs }: BusDependencies): BusOperation {
  return (input, caller) => {
    const rule = requireRule(store, caller, input, requiredTextOf(input, 'Name'));
    if (rule.state === 'DISABLED') store.putRule(caller.region, { ...rule, state: 'ENABLED', enabledAtMs: nowMs() });
    return {};
  };
}

export function disableRule({ store }: BusDependencies): BusOperation {
  return (input, caller) => {
    const rule = requireRule(store, caller, input, requiredTextOf(input, 'Name'));
    store.putRule(caller.region, { ...rule, state: 'DISABLED' });
    return {};
  };
}

function listed(rule: Rule): JsonObject {
  return withoutUndefined({
    Name: rule.name,
    Arn: rule.arn,
    EventPattern: rule.eventPattern,
    State: rule.state,
    Description: rule.description,
    ScheduleExpression: rule.scheduleExpression,
    RoleArn: rule.roleArn,
    EventBusName: rule.eventBusName,
  });
}
