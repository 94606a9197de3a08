import type { JsonObject } from '../../core/input/json.ts';

export interface ProcessWork {
  readonly expression: string;
  /** The event's JSON text. */
  readonly eventText: string;
  readonly metadata: JsonObject;
}

export type ProcessAnswer =
  | { readonly kind: 'done'; readonly text: string; readonly isText: boolean }
  /** The reason continues the sentence "The expression ...". It shows nothing of the event. */
  | { readonly kind: 'failed'; readonly reason: string };
