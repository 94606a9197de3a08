/** An event that has matched a rule. Source: EventBridge events reference, event structure. */
export interface RuleEvent<Detail> {
  readonly version: string;
  readonly id: string;
  readonly 'detail-type': string;
  readonly source: string;
  /** Twelve digits. */
  readonly account: string;
  /** UTC, in whole seconds: `2026-01-31T08:00:00Z`. */
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: Detail;
}

/**
 * Makes an event as a rule hands it to its target.
 *
 * @param members at least the detail. Default for the others: a random id, the current time, no resources, the account
 * 123456789012 and the region us-east-1 of the local stack, the source `test` and the detail type `Test`
 */
export function ruleEvent<Detail>(
  members: Partial<RuleEvent<Detail>> & Pick<RuleEvent<Detail>, 'detail'>,
): RuleEvent<Detail> {
  return {
    version: '0',
    id: crypto.randomUUID(),
    'detail-type': 'Test',
    source: 'test',
    account: '123456789012',
    time: `${new Date(Date.now()).toISOString().slice(0, 19)}Z`,
    region: 'us-east-1',
    resources: [],
    ...members,
  };
}
