import { startPython } from './client-processes.ts';

/** The return value of boto3 with its `status`. Bytes are `{ bytes }` in base64, times `{ time }` in epoch seconds. */
export type Boto3Answer<Members = unknown> = Members & { readonly status: number };

/** An exception of boto3. It has a code when the stack refused the call, and otherwise boto3's own message. */
class Boto3Error extends Error {
  override readonly name = 'Boto3Error';
  readonly code: string | undefined;
  readonly status: number | undefined;

  constructor(message: string, code?: string, status?: number) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/** Calls an operation by its boto3 name, such as `create_connection`. */
export type Boto3Client = <Members = unknown>(
  operation: string,
  callArguments?: Readonly<Record<string, unknown>>,
) => Promise<Boto3Answer<Members>>;

/** One Python process with a boto3 client for each service and region. It runs one call at a time. */
export interface Boto3 {
  client(service: string, region?: string): Boto3Client;
  close(): Promise<void>;
}

interface Line {
  readonly answer?: Boto3Answer;
  readonly error?: { readonly code: string; readonly message: string; readonly status: number };
  readonly refused?: string;
}

export function startBoto3(endpointUrl: string): Boto3 {
  const program = startPython('boto3-calls.py', endpointUrl);

  async function call(request: object): Promise<Boto3Answer> {
    const { answer, error, refused } = (await program.call(request)) as Line;
    if (error !== undefined) throw new Boto3Error(error.message, error.code, error.status);
    if (answer === undefined) throw new Boto3Error(refused ?? 'no answer');
    return answer;
  }

  return {
    client: (service, region = 'us-east-1') => {
      const perform = (operation: string, callArguments: object = {}): Promise<Boto3Answer> =>
        call({ service, region, operation, arguments: callArguments });
      return perform as Boto3Client;
    },
    close: () => program.close(),
  };
}
