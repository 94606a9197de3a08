import { randomUUID } from 'node:crypto';
import { Failure } from '../../core/failure/failure.ts';
import {
  formatKeptDeliveries,
  formatKeptLocation,
  keptKey,
  parseKeptDelivery,
  parseKeptLocation,
} from '../../core/message/kept-deliveries.ts';
import type { EventKeeper, KeptEvents } from '../../ports/kept-events.ts';
import type { S3BucketOptions } from './s3-bucket.ts';
import { createS3Bucket } from './s3-bucket.ts';

export interface S3KeptEventsOptions extends S3BucketOptions {
  /** Gets a log line for each write that has failed, because the metric `EventsNotKept` does not say why. */
  readonly writeLine?: (line: string) => void;
}

/** Keeps events in a bucket, whose lifecycle rule deletes them. */
export function createS3KeptEvents({ writeLine, ...options }: S3KeptEventsOptions): EventKeeper & KeptEvents {
  const bucket = createS3Bucket(options);
  const nowMs = () => options.clock.nowMs();
  return {
    async keep(deliveries, signal) {
      const key = keptKey(nowMs(), randomUUID().replaceAll('-', ''));
      try {
        await bucket.put(key, formatKeptDeliveries(deliveries), signal);
      } catch (error) {
        writeLine?.(notKeptLine(deliveries.length, error));
        throw error;
      }
      return deliveries.map((_delivery, index) => formatKeptLocation({ key, index }));
    },
    async read(location) {
      const place = parseKeptLocation(location);
      const text = place && (await bucket.get(place.key));
      return place === undefined || text === undefined ? undefined : parseKeptDelivery(text, place.index, nowMs());
    },
  };
}

function notKeptLine(deliveries: number, error: unknown): string {
  const failure = error instanceof Failure ? { code: error.code, reason: error.message } : { code: 'Unexpected' };
  return `${JSON.stringify({ level: 'WARN', message: 'events.not-kept', deliveries, ...failure })}\n`;
}
