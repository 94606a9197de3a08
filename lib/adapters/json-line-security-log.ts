import type { SecurityLog } from '../metrics-ports.ts';

/** One line of JSON, `address.refused`, with the host, the address that it resolved to and the class of that address. */
export function createJsonLineSecurityLog(write: (line: string) => void): SecurityLog {
  return {
    addressRefused({ host, address, reason }) {
      write(`${JSON.stringify({ level: 'WARN', message: 'address.refused', host, address, reason })}\n`);
    },
  };
}
