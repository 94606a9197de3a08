import type { BucketWrite, Clause } from '../../../../lib/core/rate/bucket.ts';
import type { Ask, Decision, Form } from '../../../../lib/core/rate/decision.ts';
import { decide } from '../../../../lib/core/rate/decision.ts';
import type { BucketView } from '../../../../lib/core/rate/view.ts';
import { at, ordinaryAsk } from '../../../contract/dynamodb/rate-asks.ts';

export type Where = readonly (readonly [Clause['of'], Clause['is'], number])[];

/** What a worker believes and wants, and all that comes of it. */
export interface DecisionRow {
  /** A whole sentence. */
  readonly name: string;
  readonly view: BucketView;
  /** How it differs from `ask5MsAhead`. */
  readonly ask?: Partial<Ask>;
  readonly form: Form;
  readonly slots?: number;
  readonly returns?: number;
  readonly where: Where;
  readonly write: Pick<BucketWrite, 'slots' | 'returns' | 'raiseTo'> & { readonly orAbsent?: true };
}

export const startAgain = { from: 0, byUs: 0 };

/** The ordinary ask, with the first slot 5 ms from now. */
export const ask5MsAhead: Ask = { ...ordinaryAsk, startUs: at(5) };

export function decisionOf({ view, ask }: DecisionRow): Decision | undefined {
  return decide(view, { ...ask5MsAhead, ...ask });
}

export function expectedDecision({ ask, form, slots = 0, returns = 0, where, write }: DecisionRow): Decision {
  return {
    form,
    slots,
    returns,
    write: {
      where: where.map(([of, is, than]) => ({ of, is, than })),
      orAbsent: false,
      revision: ask?.revision ?? ask5MsAhead.revision,
      // A day after the last turn that it can give.
      expiresAtSeconds: Date.UTC(2026, 0, 2, 0, 15) / 1000,
      ...write,
    },
  };
}
