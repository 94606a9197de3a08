import { commandLine, helpFlag, parseCommandLine, wrongUsage } from './command.ts';

export const usage = `Starts Lastmile's local stack on one port: control API, event bus, functions, DynamoDB, SQS, Secrets Manager,
Lambda and STS.

  ${commandLine('start', '[options]')}

  --port <number>       port to listen on; 0 picks a free one (default: 4010)
  --host <address>      address or name to listen on; clients may call the stack by that name (default: 127.0.0.1)
  --data-dir <folder>   keep all data in this folder, across restarts (default: keep it in memory)
  --account <digits>    account number of the stack (default: 123456789012)
  --auth                every service requires an API key; create the first one with ${commandLine('keys')}
  --until-stdin-closes  stop when the standard input closes, for a program that starts the stack
  --help                show this text

Point any AWS client at it: set AWS_ENDPOINT_URL=http://127.0.0.1:4010 or pass --endpoint-url. Without --auth it accepts any
credentials. It answers in the region that a request is signed for. It reads the same environment variables as the functions.
Exit status: 0 stopped, 2 could not start.`;

const command = 'start';

const text = { type: 'string' } as const;
const yes = { type: 'boolean' } as const;
const options = {
  port: text,
  host: text,
  'data-dir': text,
  account: text,
  auth: yes,
  'until-stdin-closes': yes,
  ...helpFlag,
} as const;

export interface StartFlags {
  readonly help: boolean;
  readonly port?: number;
  readonly host?: string;
  readonly dataDir?: string;
  readonly account?: string;
  readonly auth?: boolean;
  readonly untilStdinCloses?: boolean;
}

/** @throws Exit 2 that names the flag */
export function parseStartFlags(args: readonly string[]): StartFlags {
  const { values } = parseCommandLine(command, args, options);
  const { port, host, account, auth, help = false, 'data-dir': dataDir } = values;
  const { 'until-stdin-closes': untilStdinCloses } = values;
  return {
    help,
    ...(port === undefined ? {} : { port: parsePort(port) }),
    ...(host === undefined ? {} : { host }),
    ...(dataDir === undefined ? {} : { dataDir }),
    ...(account === undefined ? {} : { account: parseAccount(account) }),
    ...(auth === undefined ? {} : { auth }),
    ...(untilStdinCloses === undefined ? {} : { untilStdinCloses }),
  };
}

function parsePort(written: string): number {
  const port = Number(written);
  if (/^[0-9]{1,5}$/.test(written) && port <= 65_535) return port;
  throw wrongUsage(command, `--port must be a whole number from 0 to 65535, not '${written}'.`);
}

function parseAccount(written: string): string {
  if (/^[0-9]{12}$/.test(written)) return written;
  throw wrongUsage(command, `--account must be twelve digits, not '${written}'.`);
}
