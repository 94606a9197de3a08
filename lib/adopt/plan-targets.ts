import { createHash } from 'node:crypto';
import type { Rule, Target } from './descriptions.ts';
import { destinationOfMoved, lastmileTarget, NotMovable } from './envelope.ts';
import type { RuleStep, TargetStep } from './plan-steps.ts';

/** Source: EventBridge quotas, targets per rule. */
const maxTargetsPerRule = 5;

const shadowSuffix = '-lastmile-shadow';

const apiDestinationArn = /^arn:[^:]*:events:[^:]*:[^:]*:api-destination\//;

export interface TargetDestination {
  /** Its name in Lastmile. */
  readonly name: string;
  /** Why it cannot be moved. */
  readonly problem?: string;
}

interface Context {
  readonly queueArn: string;
  readonly destinationOf: (arn: string) => TargetDestination;
  readonly isShadow: boolean;
}

/** What happens to the targets of a rule that are API destinations, or were. Other targets are not mentioned. */
export function planRule(rule: Rule, context: Context): RuleStep {
  const { eventBusName, name, targets } = rule;
  const steps = context.isShadow
    ? shadowSteps(rule, context)
    : targets.flatMap((target) => replacement(rule, target, context) ?? []);
  return { eventBusName, rule: name, targets: steps };
}

function replacement(rule: Rule, target: Target, { queueArn, destinationOf }: Context): TargetStep | undefined {
  const moved = destinationOfMoved(target, queueArn);
  if (moved !== undefined) {
    const isShadow = target.Id.endsWith(shadowSuffix);
    if (isShadow) return { action: 'remove', id: target.Id, apiDestination: moved, before: target };
    return { action: 'present', id: target.Id, apiDestination: moved };
  }
  if (!apiDestinationArn.test(target.Arn)) return undefined;
  return step(rule, target, destinationOf(target.Arn), (apiDestination) => ({
    action: 'replace',
    id: target.Id,
    apiDestination,
    before: target,
    after: lastmileTarget(target, { apiDestination, queueArn, keepsDeadLetterQueue: true }),
  }));
}

/** Events that a shadow endpoint refuses do not go to the dead-letter queue of the rule. */
function shadowSteps(rule: Rule, { queueArn, destinationOf }: Context): readonly TargetStep[] {
  const ids = new Set(rule.targets.map(({ Id }) => Id));
  return rule.targets
    .filter(({ Arn }) => apiDestinationArn.test(Arn))
    .map((target) =>
      step(rule, target, destinationOf(target.Arn), (apiDestination) => {
        const id = suffixed(target.Id, shadowSuffix);
        if (ids.has(id)) return { action: 'present', id, apiDestination };
        if (ids.size >= maxTargetsPerRule)
          throw new NotMovable(`The rule has no room for another target: it may have ${maxTargetsPerRule}.`);
        const after = lastmileTarget(target, { apiDestination, queueArn, id, keepsDeadLetterQueue: false });
        ids.add(id);
        return { action: 'add', id, apiDestination, after };
      }),
    );
}

function step(
  { managedBy }: Rule,
  { Id: id }: Target,
  { name: apiDestination, problem }: TargetDestination,
  change: (apiDestination: string) => TargetStep,
): TargetStep {
  const leave = (reason: string): TargetStep => ({ action: 'leave', id, apiDestination, reason });
  if (managedBy !== undefined) return leave(`The rule belongs to ${managedBy}, and nobody else may change it.`);
  if (problem !== undefined) return leave(problem);
  try {
    return change(apiDestination);
  } catch (error) {
    if (!(error instanceof NotMovable)) throw error;
    return leave(error.message);
  }
}

/** Names and Ids have at most 64 characters. A longer one ends with a part of its hash, so that it stays distinct. */
export function suffixed(name: string, suffix: string): string {
  if (name.length + suffix.length <= 64) return `${name}${suffix}`;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8);
  return `${name.slice(0, 64 - suffix.length - hash.length - 1)}-${hash}${suffix}`;
}
