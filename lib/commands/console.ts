import type { AddressInfo } from 'node:net';
import { systemClock } from '../adapters/system-clock.ts';
import type { CallResult, PerformOperation } from '../console/door/door.ts';
import { createPerformOperation } from '../console/door/perform.ts';
import { createConsoleServer } from '../console/door/server.ts';
import { ConsoleSession } from '../console/door/session.ts';
import { createPageFiles } from '../console/files/page-files.ts';
import { version } from '../core/version.ts';
import { describeError } from '../local/stack/wire.ts';
import { commandLine, Exit, parseCommandLine, runCommand, wholeNumberIn, wrongUsage } from './command.ts';
import { createStageHistory, isAboutHistory } from './console/stage-history.ts';
import { callEventBridge, isAboutRules } from './console/stage-rules.ts';
import { stageOverview } from './console/stage-overview.ts';
import { callFunction } from './function-call.ts';
import type { StackAddress } from './stack-address.ts';
import { stackAddress, stackFlags } from './stack-address.ts';

const command = 'console';

const defaultPort = 4011;

const usage = `Serves the console of a deployed stack on this machine. It calls the stack's functions with your AWS credentials, so IAM decides what
you may do. The local stack has its console already: ${commandLine('start')} prints the link.

  ${commandLine('console', '--stage prod [options]')}

  --stage <stage>         stage of the stack
  --region <region>       region (default: AWS_REGION, AWS_DEFAULT_REGION or us-east-1)
  --endpoint-url <url>    address of AWS (default: that of AWS)
  --read-only             refuse everything that changes something
  --port <number>         port to listen on; 0 picks a free one (default: ${defaultPort})
  --help                  show this text

Open the link that it prints. Only this machine can reach it, and only with the token in the link. Ctrl-C ends it.
Exit status: 0 stopped, 1 could not listen, 2 wrong usage.`;

const flags = { ...stackFlags, 'read-only': { type: 'boolean' }, port: { type: 'string' } } as const;

interface Options {
  readonly address: StackAddress;
  readonly isReadOnly: boolean;
  readonly port: number;
}

function parseOptions(args: readonly string[]): Options {
  const { values } = parseCommandLine(command, args, flags);
  if (values.help === true) throw new Exit(0, usage);
  if (values.stage === undefined || values.stage === 'local')
    throw wrongUsage(
      command,
      `Add --stage <stage>. The console of the local stack is at the link that ${commandLine('start')} printed.`,
    );
  const port = values.port === undefined ? defaultPort : wholeNumberIn(command, 'port', values.port, 0, 65_535);
  return { address: stackAddress(values), isReadOnly: values['read-only'] === true, port };
}

/** Invokes functions with the credentials of the person, in the region that the page has chosen. */
function createStageCalls({ stage, aws }: StackAddress, signal: AbortSignal): PerformOperation {
  const expected: Readonly<Record<string, readonly string[]>> = {
    'control-api': ['output', 'error'],
    deliver: ['outcome'],
    redrive: ['moved'],
  };
  const byFunctions = createPerformOperation(async (name, event, region): Promise<CallResult> => {
    try {
      const address = { stage, aws: { ...aws, region } };
      const { members, error } = await callFunction(name, event, address, ...(expected[name] ?? []));
      return error === undefined ? { output: members } : { error: { code: error.type, message: error.message } };
    } catch (error) {
      if (!(error instanceof Exit)) throw error;
      return { error: { code: 'StackNotReached', message: error.message } };
    }
  });
  const byLogs = createStageHistory({ address: { stage, aws }, signal, report: console.error });
  return async (operation, input, region) => {
    if (isAboutRules(operation)) return await callEventBridge(operation, input, { ...aws, region });
    if (isAboutHistory(operation)) return await byLogs(operation, input, region);
    if (operation !== 'GetOverview') return await byFunctions(operation, input, region);
    const nowMs = systemClock.nowMs();
    return await stageOverview({ stage, aws: { ...aws, region }, perform: byFunctions, nowMs }, input);
  };
}

async function serve({ address, isReadOnly, port }: Options): Promise<number> {
  const session = new ConsoleSession();
  const stopped = new AbortController();
  const { stage, aws } = address;
  let boundPort = port;
  const server = createConsoleServer({
    door: {
      session,
      port: () => boundPort,
      settings: { door: 'stage', stage, region: String(aws.region), isReadOnly, version },
      files: createPageFiles(),
      perform: createStageCalls(address, stopped.signal),
    },
    reportFault: (error) => console.error(`The console failed: ${describeError(error)}`),
  });
  const closed = Promise.withResolvers<void>();
  server.once('close', closed.resolve);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(new Exit(1, whyNotListening(error, port))));
    server.listen(port, '127.0.0.1', resolve);
  });
  boundPort = (server.address() as AddressInfo).port;
  console.log(
    `Console of stage ${stage}${isReadOnly ? ', read only' : ''}: ${session.firstUrl(`http://127.0.0.1:${boundPort}`)}`,
  );
  const stop = (): void => {
    stopped.abort();
    server.close();
    server.closeAllConnections();
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  await closed.promise;
  return 0;
}

function whyNotListening({ code }: NodeJS.ErrnoException, port: number): string {
  if (code === 'EADDRINUSE') return `Port ${port} is in use; --port 0 picks a free one.`;
  return `Cannot listen on port ${port}: ${code ?? 'unknown'}. Choose another one with --port.`;
}

export function run(args: string[]): Promise<number> {
  return runCommand(() => serve(parseOptions(args)));
}
