import type { Clock } from '../ports/clock.ts';
import { apply } from './apply.ts';
import type { EventBridgeState, LastmileState } from './descriptions.ts';
import { apiDestinationIn, type RuleTargets } from './eventbridge.ts';
import { type ControlApi, readLastmile } from './lastmile.ts';
import { makePlan, type PlanOptions, shadowConnection, UnknownRule } from './plan.ts';
import type { Plan } from './plan-steps.ts';
import { Progress } from './progress.ts';
import { formatState, parseState, type SavedState, UnreadableState, withPlan } from './restore-points.ts';
import { readStateFile, writeStateFile } from './state-file.ts';
import { undo } from './undo.ts';

/** What a run needs from outside. */
export interface AdoptPorts {
  readonly controlApi: ControlApi;
  readonly ruleTargets: RuleTargets;
  /** The value of a secret. The text must go nowhere but into CreateConnection. */
  readonly readSecret: (arn: string) => Promise<string>;
  readonly clock: Clock;
  readonly say: (line: string) => void;
}

/** @throws what the control API throws */
export async function readStack({ controlApi }: AdoptPorts, { connections }: EventBridgeState): Promise<LastmileState> {
  const names = new Set([...connections.map(({ name }) => name), shadowConnection]);
  return await readLastmile(controlApi, names, apiDestinationIn);
}

/** @throws UnknownRule, UnreadableState, and what the control API throws */
export async function runApply(
  ports: AdoptPorts,
  source: EventBridgeState,
  options: PlanOptions & { readonly statePath: string; readonly show: (plan: Plan) => void },
): Promise<Progress> {
  const plan = makePlan(source, await readStack(ports, source), options);
  const { account, region } = source;
  const state = readState(options.statePath, source) ?? { account, region, points: [] };
  options.show(plan);
  const save = (): void => {
    const next = withPlan(state, plan);
    if (next.points.length > 0) writeStateFile(options.statePath, formatState(next));
  };
  const progress = new Progress(ports.say);
  await apply(plan, { ...ports, save, progress });
  return progress;
}

/**
 * @param rules the rules to restore, each as `name` or `bus/name`; empty for all of them
 * @throws UnreadableState, UnknownRule
 */
export async function runUndo(
  { ruleTargets, say }: Pick<AdoptPorts, 'ruleTargets' | 'say'>,
  source: Pick<EventBridgeState, 'account' | 'region'>,
  { statePath, rules }: { readonly statePath: string; readonly rules: readonly string[] },
): Promise<Progress> {
  const state = readState(statePath, source);
  if (state === undefined) throw new UnreadableState('There is no such file, so nothing is known of an --apply.');
  const progress = new Progress(say);
  const isNamed = (given: string, bus: string, rule: string) => given === rule || given === `${bus}/${rule}`;
  const unknown = rules.find(
    (given) => !state.points.some(({ eventBusName, rule }) => isNamed(given, eventBusName, rule)),
  );
  if (unknown !== undefined) throw new UnknownRule(`The file ${statePath} has no rule ${unknown}.`);
  const isSelected = (bus: string, rule: string) =>
    rules.length === 0 || rules.some((given) => isNamed(given, bus, rule));
  await undo(state, isSelected, ruleTargets, progress);
  return progress;
}

function readState(
  path: string,
  { account, region }: Pick<EventBridgeState, 'account' | 'region'>,
): SavedState | undefined {
  const json = readStateFile(path);
  return json === undefined ? undefined : parseState(json, account, region);
}
