import type { Health } from '../../core/health/health.ts';
import type { Bucket, BucketWrite } from '../../core/rate/bucket.ts';
import type { AnswerTimes } from './answer-times.ts';

/** Makes the write that `make` computes from the bucket as last seen. */
export type ChangeBucket = (
  make: (bucket: Bucket, nowUs: number) => BucketWrite | undefined,
) => Promise<{ readonly bucket: Bucket; readonly isWritten: boolean } | undefined>;

/** The bucket that keeps the health of a destination, as one worker sees it. */
export interface HealthBucket {
  readonly health: Health;
  /** The time up to which slots have been given away, as last seen. */
  readonly slotsUntilUs: number;
  readonly answerTimes: AnswerTimes;
  /** The bucket as last seen. It describes the endpoint and rate that the destination had in this revision. */
  readonly seen: { readonly view: Pick<Bucket, 'revision'> };
  /**
   * If the write is refused, tries again with the bucket that the refusal shows. Resolves to undefined when there is nothing
   * to write, or when the table cannot be reached.
   */
  readonly change: ChangeBucket;
}
