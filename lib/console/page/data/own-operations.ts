import type { DeliveryRecord } from './lastmile-operations.ts';

/** The operations that only the console has. */
export interface OwnOperations {
  SendTestEvent: {
    readonly input: { readonly ApiDestinationName: string; readonly Event: object };
    readonly output: Omit<DeliveryRecord, 'ConcludedAt'>;
  };
}
