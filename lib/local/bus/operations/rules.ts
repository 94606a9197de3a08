import { objectListOf, requiredTextOf, textOf } from '../../../control/input.ts';
import type { JsonObject } from '../../../core/input/json.ts';
import { withoutUndefined } from '../../../core/input/json.ts';
import { compileEventPattern } from '../pattern/event-pattern.ts';
import { parseScheduleExpression } from '../schedule/schedule.ts';
import type { Rule, RuleState } from '../store/model.ts';
import { defaultBusName, ruleArn } from '../store/rows.ts';
import type { BusDependencies, BusOperation } from './operation.ts';
import { invalid, invalidParameter, quotaReached } from './operation.ts';
import { listPage } from './paging.ts';
import { busNameOf, requireBus, requireRule } from './references.ts';
import { checkTags } from './tags.ts';

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

/** Deleting a rule that does not exist succeeds, but the bus must exist. Source: the API reference of DeleteRule. */
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

/** Enabling an enabled rule changes nothing. */
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

/** Source: EventBridge quotas. */
const maxRulesPerBus = 300;
const maxPatternBytes = 2048;

/**
 * Creates a rule, or replaces all of it except its targets and tags. Tags sent with a replacement are ignored. Source:
 * the API reference of PutRule.
 */
export function putRule({ store, nowMs }: BusDependencies): BusOperation {
  return (input, caller) => {
    const { region } = caller;
    const name = requiredTextOf(input, 'Name');
    const tags = checkTags(objectListOf(input, 'Tags') ?? []);
    const when = checkWhen(input, busNameOf(textOf(input, 'EventBusName'), caller));
    const bus = requireBus(store, caller, textOf(input, 'EventBusName'));
    const before = store.rule(region, bus.name, name);
    if (before === undefined && store.ruleCount(region, bus.name) >= maxRulesPerBus) throw quotaReached();
    const described = textsOf(input, { Description: 'description', RoleArn: 'roleArn' });
    const state = (textOf(input, 'State') ?? 'ENABLED') as RuleState;
    const arn = ruleArn(caller, bus.name, name);
    const rule: Rule = { name, arn, eventBusName: bus.name, ...when, ...described, state, enabledAtMs: nowMs() };
    store.putRule(region, keepsTime(before, rule) ? { ...rule, enabledAtMs: before.enabledAtMs } : rule);
    if (before === undefined) for (const tag of tags) store.tags.put(region, bus.name, name, tag);
    return { RuleArn: arn };
  };
}

/** Whether the changed rule keeps the old `enabledAtMs`: it does if it stays enabled and its schedule stays the same. */
function keepsTime(before: Rule | undefined, rule: Rule): before is Rule {
  if (before === undefined || before.state === 'DISABLED' || rule.state === 'DISABLED') return false;
  return before.scheduleExpression === rule.scheduleExpression;
}

/**
 * An empty text counts as absent, because some clients send every member.
 *
 * @throws ServiceError ValidationException or InvalidEventPatternException
 */
function checkWhen(input: JsonObject, eventBusName: string): Pick<Rule, 'eventPattern' | 'scheduleExpression'> {
  const sent = textsOf(input, { EventPattern: 'eventPattern', ScheduleExpression: 'scheduleExpression' });
  const eventPattern = sent.eventPattern === '' ? undefined : sent.eventPattern;
  const scheduleExpression = sent.scheduleExpression === '' ? undefined : sent.scheduleExpression;
  if (eventPattern === undefined && scheduleExpression === undefined) {
    throw invalid('Parameter(s) EventPattern or ScheduleExpression must be specified.');
  }
  // On a custom bus, the service refuses even an empty schedule. Source: reports of its users.
  if (sent.scheduleExpression !== undefined && eventBusName !== defaultBusName) {
    throw invalid('ScheduleExpression is supported only on the default event bus.');
  }
  if (scheduleExpression !== undefined && parseScheduleExpression(scheduleExpression) === undefined) {
    throw invalidParameter('ScheduleExpression');
  }
  if (eventPattern !== undefined && Buffer.byteLength(eventPattern) > maxPatternBytes) {
    throw invalid(
      `Parameter EventPattern for rule ${requiredTextOf(input, 'Name')} exceeds limit of ${maxPatternBytes}`,
    );
  }
  if (eventPattern !== undefined) compileEventPattern(eventPattern);
  return {
    ...(eventPattern === undefined ? {} : { eventPattern }),
    ...(scheduleExpression === undefined ? {} : { scheduleExpression }),
  };
}

/** Reads members of the input, and renames them to the members of `Rule`. Absent members are left out. */
function textsOf<Name extends keyof Rule>(
  input: JsonObject,
  names: Readonly<Record<string, Name>>,
): { readonly [key in Name]?: string } {
  const texts: { [key in Name]?: string } = {};
  for (const [sent, name] of Object.entries(names)) {
    const text = textOf(input, sent);
    if (text !== undefined) texts[name] = text;
  }
  return texts;
}
