/** `lastmile/events`: inputs of Lastmile's functions, for unit tests. */
export type { Envelope } from './envelope.ts';
export { envelope } from './envelope.ts';
export type { QueueBatchOptions, QueueRecord } from './queue-batches.ts';
export { pipesBatch, sqsBatch } from './queue-batches.ts';
export type { RuleEvent } from './rule-event.ts';
export { ruleEvent } from './rule-event.ts';
export type {
  EventWithMetadata,
  MetadataOptions,
  ScheduledEvent,
  SnsNotification,
  SnsRecord,
  SystemMetadata,
} from './senders.ts';
export { scheduledEvent, snsEvent, snsNotification, withMetadata } from './senders.ts';
