import type { SecurityLog } from '../metrics-ports.ts';
import type { ReadableDeliveryLogOptions } from './readable-delivery-log.ts';
import { printable } from './readable-delivery-log.ts';

/** `09:14:03.120  refused  the address of inside.example.com: 10.1.2.3, private`, for a person to read. */
export function createReadableSecurityLog(options: Omit<ReadableDeliveryLogOptions, 'colour'>): SecurityLog {
  return {
    addressRefused({ host, address, reason }) {
      const time = new Date(options.nowMs()).toISOString().slice(11, 23);
      const what = address === undefined ? reason : `${address}, ${reason}`;
      options.writeLine(`${time}  refused  the address of ${printable(host)}: ${printable(what)}`);
    },
  };
}
