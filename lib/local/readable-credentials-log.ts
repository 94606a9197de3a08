import type { CredentialsLog } from '../metrics-ports.ts';
import type { ReadableDeliveryLogOptions } from './readable-delivery-log.ts';
import { printable } from './readable-delivery-log.ts';

/** `09:14:03.120  security  destination-moved  apiDestination orders, connection shop, fromHost ...`, for a person to read. */
export function createReadableCredentialsLog(options: Omit<ReadableDeliveryLogOptions, 'colour'>): CredentialsLog {
  return {
    record({ event, ...members }) {
      const time = new Date(options.nowMs()).toISOString().slice(11, 23);
      const shown = Object.entries(members).map(([name, value]) => `${name} ${printable(String(value))}`);
      options.writeLine(`${time}  security  ${event}  ${shown.join(', ')}`);
    },
  };
}
