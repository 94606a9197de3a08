import type { CredentialsLog } from '../metrics-ports.ts';

/** One line of JSON, `security.destination-moved` and the like, with names and hosts, the request and whose key it came with. */
export function createJsonLineCredentialsLog(write: (line: string) => void): CredentialsLog {
  return {
    record({ event, ...members }, { requestId, accessKeyId }) {
      const line = { level: 'WARN', message: `security.${event}`, ...members, requestId, accessKeyId };
      write(`${JSON.stringify(line)}\n`);
    },
  };
}
