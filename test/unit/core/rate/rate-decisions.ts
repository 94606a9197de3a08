import { forgottenHealth } from '../../../../lib/core/health/health.ts';
import type { BucketWrite, Clause } from '../../../../lib/core/rate/bucket.ts';
import type { SlotRequest, Decision, AssumedState } from '../../../../lib/core/rate/decision.ts';
import { decide } from '../../../../lib/core/rate/decision.ts';
import type { BucketView } from '../../../../lib/core/rate/view.ts';
import { at, ordinaryRequest } from '../../../contract/dynamodb/rate-requests.ts';

export type Where = readonly (readonly [Clause['of'], Clause['is'], number])[];

/** A worker's view and request, and the write that it decides on. */
export interface DecisionRow {
  /** The name of the test, as a whole sentence. */
  readonly name: string;
  readonly view: BucketView;
  /** How the request differs from `request5MsAhead`. */
  readonly request?: Partial<SlotRequest>;
  readonly assumes: AssumedState;
  readonly slots?: number;
  readonly returns?: number;
  readonly where: Where;
  readonly write: Pick<BucketWrite, 'slots' | 'returns' | 'raiseTo' | 'health'> & { readonly orAbsent?: true };
}

export const startAgain = { from: 0, byUs: 0 };

/** A request as most tests need it, whose first usable slot begins 5 ms from now. */
export const request5MsAhead: SlotRequest = { ...ordinaryRequest, startUs: at(5) };

export function decisionOf({ view, request }: DecisionRow): Decision | undefined {
  const { share } = request ?? {};
  return decide(view, { ...request5MsAhead, ...(share && { returnShare: share }), ...request });
}

export function expectedDecision({ request, assumes, slots = 0, returns = 0, where, write }: DecisionRow): Decision {
  const startsAgainForItsTimes = assumes === 'empty' || assumes === 'impossible';
  return {
    assumes,
    slots,
    returns,
    write: {
      where: where.map(([of, is, than]) => ({ of, is, than })),
      orAbsent: false,
      revision: request?.revision ?? request5MsAhead.revision,
      // A day after the furthest possible return time, which is 15 minutes away.
      expiresAtSeconds: Date.UTC(2026, 0, 2, 0, 15) / 1000,
      ...(!startsAgainForItsTimes && write.raiseTo !== undefined && { health: forgottenHealth }),
      ...write,
    },
  };
}
