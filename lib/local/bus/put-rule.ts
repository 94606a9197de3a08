import { objectListOf, requiredTextOf, textOf } from '../../control/input.ts';
import type { JsonObject } from '../../core/json.ts';
import { compileEventPattern } from './event-pattern.ts';
import type { Rule, RuleState } from './model.ts';
import type { BusDependencies, BusOperation } from './operation.ts';
import { busNameOf, requireBus } from './references.ts';
import { invalid, invalidParameter, quotaReached } from './refusals.ts';
import { parseScheduleExpression } from './schedule.ts';
import { defaultBusName, ruleArn } from './store-rows.ts';
import { checkTags } from './tags.ts';

/** Source: EventBridge quotas. */
const maxRulesPerBus = 300;

/**
 * Creates the rule, or replaces all of it but its targets and tags; tags that come with a replacement are ignored. Source:
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

/** A rule that stays enabled goes on from where it was; a new schedule counts from when it was put. */
function keepsTime(before: Rule | undefined, rule: Rule): before is Rule {
  if (before === undefined || before.state === 'DISABLED' || rule.state === 'DISABLED') return false;
  return before.scheduleExpression === rule.scheduleExpression;
}

/**
 * An empty text is an absent one, as clients that send every member write it.
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
  // As users of the service have reported, an empty schedule is refused here too.
  if (sent.scheduleExpression !== undefined && eventBusName !== defaultBusName) {
    throw invalid('ScheduleExpression is supported only on the default event bus.');
  }
  if (scheduleExpression !== undefined && parseScheduleExpression(scheduleExpression) === undefined) {
    throw invalidParameter('ScheduleExpression');
  }
  if (eventPattern !== undefined) compileEventPattern(eventPattern);
  return {
    ...(eventPattern === undefined ? {} : { eventPattern }),
    ...(scheduleExpression === undefined ? {} : { scheduleExpression }),
  };
}

/** Texts of the input under the names that a rule has for them; what is absent is left out. */
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
