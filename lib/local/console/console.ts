import { version } from '../../core/version.ts';
import type { ConsoleAnswer, ConsoleRequest, DoorOptions, PerformOperation } from '../../console/door/door.ts';
import { answerConsole } from '../../console/door/door.ts';
import { ConsoleSession } from '../../console/door/session.ts';
import { createPageFiles } from '../../console/files/page-files.ts';

export interface LocalConsole {
  /** The address with the token, which opens the console. */
  firstUrl(url: string): string;
  /** Whether a browser asks for the console, and not a program for a service. */
  serves(head: Pick<ConsoleRequest, 'method' | 'path' | 'headers'>): boolean;
  answer(request: ConsoleRequest): Promise<ConsoleAnswer>;
}

export interface LocalConsoleOptions {
  readonly listenHost: string;
  readonly port: () => number;
  readonly account: string;
  readonly privateNetworks: string;
  readonly perform: PerformOperation;
}

/** The console of the local stack, at the stack's one port. */
export function createLocalConsole({ listenHost, port, ...options }: LocalConsoleOptions): LocalConsole {
  const session = new ConsoleSession();
  const { account, privateNetworks, perform } = options;
  const door: DoorOptions = {
    session,
    port,
    host: listenHost,
    settings: {
      door: 'local',
      stage: 'local',
      region: 'us-east-1',
      account,
      isReadOnly: false,
      privateNetworks,
      version,
    },
    files: createPageFiles(),
    perform,
  };
  return {
    firstUrl: (url) => session.firstUrl(url),
    serves: ({ method, path, headers }) =>
      path.startsWith('/_console/') ||
      (method === 'GET' && !path.startsWith('/_lastmile/') && (headers['accept'] ?? '').includes('text/html')),
    answer: async (request) => await answerConsole(door, request),
  };
}
