import type { RuleTargets } from './eventbridge.ts';
import type { Progress } from './progress.ts';
import type { RestorePoint, SavedState } from './restore-points.ts';
import { restorationOf } from './restore-points.ts';

/**
 * Gives rules the targets that they had. A target that is as it was stays untouched, so a second run changes nothing.
 *
 * @param isSelected whether a rule is to be restored
 */
export async function undo(
  { points }: SavedState,
  isSelected: (eventBusName: string, rule: string) => boolean,
  ruleTargets: RuleTargets,
  progress: Progress,
): Promise<void> {
  for (const group of byRule(points)) {
    const { eventBusName, rule } = group[0];
    if (!isSelected(eventBusName, rule)) continue;
    await progress.step(`rule ${eventBusName}/${rule}`, () => undoRule(group, ruleTargets, progress));
  }
}

type Group = [RestorePoint, ...RestorePoint[]];

function byRule(points: readonly RestorePoint[]): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const point of points) {
    const key = `${point.eventBusName}/${point.rule}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [point]);
    else group.push(point);
  }
  return [...groups.values()];
}

async function undoRule(group: Group, ruleTargets: RuleTargets, progress: Progress): Promise<string | undefined> {
  const { eventBusName, rule } = group[0];
  const present = await ruleTargets.list(eventBusName, rule);
  const steps = group.map((point) => ({ id: point.id, step: restorationOf(point, present) }));
  for (const { id, step } of steps) {
    if (step.action === 'leave') progress.skip(`rule ${eventBusName}/${rule}, target ${id}`, step.reason);
  }
  const put = steps.flatMap(({ step }) => (step.action === 'put' ? [step.target] : []));
  const removed = steps.flatMap(({ step }) => (step.action === 'remove' ? [step.id] : []));
  if (put.length > 0) await ruleTargets.put(eventBusName, rule, put);
  if (removed.length > 0) await ruleTargets.remove(eventBusName, rule, removed);
  return put.length + removed.length > 0 ? 'restored' : undefined;
}
