import type { ConnectionLog } from '../metrics-ports.ts';
import type { ReadableDeliveryLogOptions } from './readable-delivery-log.ts';
import { printable } from './readable-delivery-log.ts';

/** `09:14:03.120  deauthorized  connection shop`, for a person to read. */
export function createReadableConnectionLog(options: Omit<ReadableDeliveryLogOptions, 'colour'>): ConnectionLog {
  return {
    deauthorized(connectionName) {
      const time = new Date(options.nowMs()).toISOString().slice(11, 23);
      const name = printable(connectionName);
      options.writeLine(`${time}  deauthorized  connection ${name}`);
    },
  };
}
