import { randomUUID } from 'node:crypto';
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

/** Keeps events in a bucket, whose lifecycle rule deletes them. */
export function createS3KeptEvents(options: S3BucketOptions): EventKeeper & KeptEvents {
  const bucket = createS3Bucket(options);
  const nowMs = () => options.clock.nowMs();
  return {
    async keep(deliveries, signal) {
      const key = keptKey(nowMs(), randomUUID().replaceAll('-', ''));
      await bucket.put(key, formatKeptDeliveries(deliveries), signal);
      return deliveries.map((_delivery, index) => formatKeptLocation({ key, index }));
    },
    async read(location) {
      const place = parseKeptLocation(location);
      const text = place && (await bucket.get(place.key));
      return place === undefined || text === undefined ? undefined : parseKeptDelivery(text, place.index, nowMs());
    },
  };
}
