/** The target of a rule that has sent an event. */
export interface EventTarget {
  /** ARN. */
  readonly rule?: string | undefined;
  readonly targetId?: string | undefined;
}

export type Selected<Item> =
  | { readonly kind: 'one'; readonly item: Item }
  | { readonly kind: 'none' }
  | { readonly kind: 'several'; readonly items: readonly Item[] };

/**
 * Finds the target that a person means. Rule (name or ARN) and target only need to be named if several sent the event to the same
 * API destination.
 */
export function selectTarget<Item extends EventTarget>(
  items: readonly Item[],
  { rule, targetId }: EventTarget,
): Selected<Item> {
  const matching = items.filter(
    (each) =>
      (rule === undefined || each.rule === rule || each.rule?.endsWith(`/${rule}`) === true) &&
      (targetId === undefined || each.targetId === targetId),
  );
  // Without this, a delivery that no rule has sent could not be told from those that rules have sent.
  const exact = matching.find((each) => each.rule === rule && each.targetId === targetId);
  const [first, second] = exact === undefined ? matching : [exact];
  if (first === undefined) return { kind: 'none' };
  return second === undefined ? { kind: 'one', item: first } : { kind: 'several', items: matching };
}
