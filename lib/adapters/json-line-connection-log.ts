import type { ConnectionLog } from '../metrics-ports.ts';

/** One line of JSON, `connection.deauthorized`, with the name alone; the reason is shown by DescribeConnection. */
export function createJsonLineConnectionLog(write: (line: string) => void): ConnectionLog {
  return {
    deauthorized(connection) {
      write(`${JSON.stringify({ level: 'WARN', message: 'connection.deauthorized', connection })}\n`);
    },
  };
}
