import { parseEventsArn } from '../core/destination/arn.ts';
import { parseConnectionSecret } from '../core/destination/connection-secret.ts';
import type { JsonObject } from '../core/input/json.ts';
import { withoutUndefined } from '../core/input/json.ts';
import type { Clock } from '../ports/clock.ts';
import { authParametersOf, placeholderParameters } from './credentials.ts';
import type { RuleTargets } from './eventbridge.ts';
import type { ControlApi } from './lastmile.ts';
import { shadowParameters } from './plan.ts';
import type { ConnectionChange, DestinationChange, Plan, RuleStep, TargetChange } from './plan-steps.ts';
import type { Progress } from './progress.ts';
import { isSame } from './restore-points.ts';

export interface ApplyDependencies {
  readonly controlApi: ControlApi;
  readonly ruleTargets: RuleTargets;
  /** The value of a secret. The text must go nowhere but into CreateConnection. */
  readonly readSecret: (arn: string) => Promise<string>;
  /** Keeps the targets as they are now. It is called before the first change. */
  readonly save: (plan: Plan) => void;
  readonly clock: Clock;
  readonly progress: Progress;
}

/**
 * Does what the plan says: first all connections and API destinations, then the targets of each rule.
 *
 * Failure policy: a step that fails ends only the steps that need it. A rule whose API destination is missing keeps its targets. The
 * next run makes a new plan, which has what is left.
 */
export async function apply(plan: Plan, dependencies: ApplyDependencies): Promise<void> {
  dependencies.save(plan);
  const { progress } = dependencies;
  const connectionArns = new Map<string, string>();
  const destinations = new Set<string>();
  for (const step of plan.connections) {
    if (step.action === 'leave') continue;
    await progress.step(`connection ${step.name}`, async () => {
      connectionArns.set(step.name, await applyConnection(plan, step, dependencies));
      return step.action === 'present' ? undefined : 'created';
    });
  }
  for (const step of plan.destinations) {
    if (step.action === 'leave') continue;
    const connectionArn = connectionArns.get(step.connection);
    const what = `API destination ${step.name}`;
    if (connectionArn === undefined) {
      progress.skip(what, `its connection ${step.connection} is not ready`);
      continue;
    }
    await progress.step(what, async () => {
      await applyDestination(step, connectionArn, dependencies.controlApi);
      destinations.add(step.name);
      return step.action === 'present' ? undefined : 'created';
    });
  }
  for (const rule of plan.rules) await applyRule(rule, destinations, dependencies);
}

/** @returns the ARN of the connection, which is ready for deliveries */
async function applyConnection(plan: Plan, step: ConnectionChange, dependencies: ApplyDependencies): Promise<string> {
  const { controlApi } = dependencies;
  const { action, name, secretArn, credentials } = step;
  if (action === 'create') {
    const created = await controlApi('CreateConnection', {
      Name: name,
      AuthorizationType: step.authorizationType,
      AuthParameters: await authParameters(step, dependencies),
      ...withoutUndefined({ Description: step.description }),
    });
    requireAccount(plan, String(created['ConnectionArn']));
  }
  if (action !== 'present' && credentials === 'named by ARN' && secretArn !== undefined)
    await controlApi('PutConnectionPolicy', { ConnectionName: name, SecretArn: secretArn });
  return await authorized(plan, name, dependencies);
}

async function authParameters(step: ConnectionChange, { readSecret }: ApplyDependencies): Promise<JsonObject> {
  switch (step.credentials) {
    case 'none':
      return shadowParameters;
    case 'named by ARN':
      return placeholderParameters(step.authorizationType);
    case 'copied':
      return authParametersOf(parseConnectionSecret(await readSecret(step.secretArn ?? '')));
  }
}

/** A rule can send only to a queue of its own account, or to one with a policy for it. */
function requireAccount({ account }: Plan, arn: string): void {
  const other = parseEventsArn(arn)?.account;
  if (other === account) return;
  throw new Error(
    `The stack of Lastmile is in account ${other}, and the rules are in ${account}. They must be in the same one.`,
  );
}

const authorizationPatienceMs = 60_000;
const pollMs = 1000;

/** Waits until an OAuth connection has its first token. The others are authorized at once. */
async function authorized(plan: Plan, name: string, { controlApi, clock }: ApplyDependencies): Promise<string> {
  const endMs = clock.nowMs() + authorizationPatienceMs;
  for (;;) {
    const {
      ConnectionArn,
      ConnectionState: state,
      StateReason: reason,
    } = await controlApi('DescribeConnection', {
      Name: name,
    });
    requireAccount(plan, String(ConnectionArn));
    if (state === 'AUTHORIZED') return String(ConnectionArn);
    if (state !== 'AUTHORIZING' || clock.nowMs() >= endMs)
      throw new Error(`It is ${String(state)}. ${typeof reason === 'string' ? reason : ''}`.trimEnd());
    await clock.delay(pollMs);
  }
}

async function applyDestination(step: DestinationChange, ConnectionArn: string, controlApi: ControlApi): Promise<void> {
  if (step.action === 'create') await controlApi('CreateApiDestination', { ...step.input, ConnectionArn });
}

async function applyRule(
  { eventBusName, rule, targets }: RuleStep,
  destinations: ReadonlySet<string>,
  { ruleTargets, progress }: ApplyDependencies,
): Promise<void> {
  const where = `rule ${eventBusName}/${rule}`;
  const changes: TargetChange[] = [];
  for (const step of targets) {
    if (step.action === 'leave' || step.action === 'present') continue;
    const isReady = step.action === 'remove' || destinations.has(step.apiDestination);
    if (isReady) changes.push(step);
    else progress.skip(`${where}, target ${step.id}`, `the API destination ${step.apiDestination} is not there`);
  }
  if (changes.length === 0) return;
  await progress.step(`${where}, ${namesOf(changes)}`, async () => {
    const present = await ruleTargets.list(eventBusName, rule);
    for (const change of changes) {
      if (change.action === 'add') continue;
      const target = present.find(({ Id }) => Id === change.id);
      if (target === undefined || !isSame(target, change.before))
        throw new Error(`Somebody has changed the target ${change.id} since the plan was made.`);
    }
    const put = changes.flatMap((change) => (change.action === 'remove' ? [] : [change.after]));
    const removed = changes.filter(({ action }) => action === 'remove').map(({ id }) => id);
    if (put.length > 0) await ruleTargets.put(eventBusName, rule, put);
    if (removed.length > 0) await ruleTargets.remove(eventBusName, rule, removed);
    return changes.some(({ action }) => action === 'replace') ? 'moved' : 'changed';
  });
}

function namesOf(changes: readonly TargetChange[]): string {
  const ids = changes.map(({ id, action }) => (action === 'remove' ? `${id} (removed)` : id));
  return `${ids.length === 1 ? 'target' : 'targets'} ${ids.join(', ')}`;
}
