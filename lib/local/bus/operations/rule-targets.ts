import { objectListOf, requiredTextOf, textOf } from '../../../control/input.ts';
import { type JsonObject, ownMember, withoutUndefined } from '../../../core/input/json.ts';
import type { BusDependencies, BusOperation } from './operation.ts';
import { listPage } from './paging.ts';
import { requireBus, requireRule } from './references.ts';
import { invalidParameter, quotaReached } from './operation.ts';
import { checkTarget } from '../targets/checks.ts';

/** Source: recorded answers of the service. */
const maxTargetsPerRule = 5;

/** EventBridge fails single entries only after too many concurrent changes, which cannot happen here. */
const nothingFailed: JsonObject = { FailedEntryCount: 0, FailedEntries: [] };

/** Adds targets, and replaces targets that have the same Id. Either all of them are written, or none. */
export function putTargets({ store }: BusDependencies): BusOperation {
  return (input, caller) => {
    const rule = requireRule(store, caller, input, requiredTextOf(input, 'Rule'));
    const sent = objectListOf(input, 'Targets') ?? [];
    refuseRepeatedIds(sent.map((target) => requiredTextOf(target, 'Id')));
    const targets = sent.map((target) => checkTarget(target, caller));
    const present = store.targets(caller.region, rule.eventBusName, rule.name);
    const ids = new Set([...present, ...targets].map(({ Id }) => Id));
    if (ids.size > maxTargetsPerRule) throw quotaReached();
    for (const target of targets) store.putTarget(caller.region, rule.eventBusName, rule.name, target);
    return nothingFailed;
  };
}

function refuseRepeatedIds(ids: readonly string[]): void {
  const repeated = ids.find((id, index) => ids.indexOf(id) < index);
  if (repeated === undefined) return;
  throw invalidParameter('targets', `More than one target with Id '${repeated}' is provided.`);
}

export function listTargetsByRule({ store }: BusDependencies): BusOperation {
  return (input, caller) => {
    const rule = requireRule(store, caller, input, requiredTextOf(input, 'Rule'));
    const page = listPage(
      input,
      ['ListTargetsByRule', caller.region, rule.eventBusName, rule.name],
      (keyset) => store.targetsPage(caller.region, rule.eventBusName, rule.name, keyset),
      (target) => target.Id,
    );
    return withoutUndefined({ Targets: page.items, NextToken: page.nextToken });
  };
}

/** An Id that does not exist is not an error. */
export function removeTargets({ store }: BusDependencies): BusOperation {
  return (input, caller) => {
    const rule = requireRule(store, caller, input, requiredTextOf(input, 'Rule'));
    const ids = ownMember(input, 'Ids');
    for (const id of Array.isArray(ids) ? ids : []) {
      store.removeTarget(caller.region, rule.eventBusName, rule.name, String(id));
    }
    return nothingFailed;
  };
}

export function listRuleNamesByTarget({ store }: BusDependencies): BusOperation {
  return (input, caller) => {
    const { name: busName } = requireBus(store, caller, textOf(input, 'EventBusName'));
    const targetArn = requiredTextOf(input, 'TargetArn');
    const page = listPage(
      input,
      ['ListRuleNamesByTarget', caller.region, busName, targetArn],
      (keyset) => store.ruleNamesByTarget(caller.region, busName, targetArn, keyset),
      (name) => name,
    );
    return withoutUndefined({ RuleNames: page.items, NextToken: page.nextToken });
  };
}
