import { randomUUID } from 'node:crypto';
import { partitionOf } from '../../core/destination/arn.ts';
import type { Clock } from '../../ports/clock.ts';
import type { FunctionHandler, FunctionDependencies, LocalContext, LocalFunction } from './function-instances.ts';
import { PerRegion } from '../stack/per-region.ts';

/** The result of an invocation: its JSON answer, or the error as Lambda reports it. */
export interface InvocationOutcome {
  readonly requestId: string;
  readonly payload: string;
  readonly error?: { readonly type: string; readonly message: string; readonly thrown: unknown };
}

export interface RunnerOptions {
  readonly functions: readonly LocalFunction[];
  readonly account: string;
  readonly clock: Clock;
  readonly dependencies: (name: string, region: string) => FunctionDependencies;
}

/** Runs functions in this process as Lambda does: one instance for each region, a context, and a time limit. */
export class FunctionRunner {
  readonly #options: RunnerOptions;
  readonly #functions: ReadonlyMap<string, LocalFunction>;
  readonly #instances: ReadonlyMap<string, PerRegion<FunctionHandler>>;

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#functions = new Map(options.functions.map((each) => [each.name, each]));
    this.#instances = new Map(
      options.functions.map((each) => [
        each.name,
        new PerRegion((region) => each.create(options.dependencies(each.name, region))),
      ]),
    );
  }

  has(name: string): boolean {
    return this.#functions.has(name);
  }

  arnOf(physical: string, region: string): string {
    return `arn:${partitionOf(region)}:lambda:${region}:${this.#options.account}:function:${physical}`;
  }

  /**
   * Never rejects: an error of the function is part of the outcome. The time limit starts after the function is loaded.
   */
  async run(
    name: string,
    region: string,
    event: unknown,
    { requestId = randomUUID(), traceHeader }: InvocationOptions = {},
  ): Promise<InvocationOutcome> {
    const ended = new AbortController();
    try {
      const handler = await this.#handlerOf(name, region);
      const timeoutSeconds = this.#functions.get(name)?.timeoutSeconds ?? 0;
      const arn = this.arnOf(physicalName(name), region);
      const context = createContext({ name, arn, requestId, timeoutSeconds, traceHeader, clock: this.#options.clock });
      const timeout = this.#timeOut(timeoutSeconds, requestId, ended.signal);
      const result = await Promise.race([handler(event, context), timeout]);
      return { requestId, payload: JSON.stringify(result) ?? 'null' };
    } catch (thrown) {
      return failed(requestId, thrown);
    } finally {
      ended.abort();
    }
  }

  async #handlerOf(name: string, region: string): Promise<FunctionHandler> {
    const instances = this.#instances.get(name);
    if (instances === undefined) throw new Error(`There is no function ${name}.`);
    return instances.get(region);
  }

  async #timeOut(timeoutSeconds: number, requestId: string, ended: AbortSignal): Promise<never> {
    await this.#options.clock.delay(timeoutSeconds * 1000, ended);
    throw new TimedOut(requestId, timeoutSeconds);
  }
}

export function physicalName(name: string): string {
  return `lastmile-local-${name}`;
}

/** The error of an invocation that reached its time limit. The name and the text are those of Lambda. */
class TimedOut extends Error {
  override readonly name = 'Sandbox.Timedout';

  constructor(requestId: string, timeoutSeconds: number) {
    super(`RequestId: ${requestId} Error: Task timed out after ${timeoutSeconds.toFixed(2)} seconds`);
  }
}

function failed(requestId: string, thrown: unknown): InvocationOutcome {
  const type = thrown instanceof Error ? thrown.name : typeof thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return {
    requestId,
    payload: JSON.stringify({ errorType: type, errorMessage: message }),
    error: { type, message, thrown },
  };
}

/** The properties of an invocation, apart from its event. */
export interface InvocationOptions {
  /** Default: a new one. */
  readonly requestId?: string;
  /** The X-Ray header with which the function was invoked. */
  readonly traceHeader?: string | undefined;
}

/** One invocation of a function in this process. */
export interface Invocation {
  readonly name: string;
  readonly arn: string;
  readonly requestId: string;
  readonly timeoutSeconds: number;
  readonly traceHeader?: string | undefined;
  readonly clock: Clock;
}

/** The context that Lambda gives to a function. */
export function createContext(invocation: Invocation): LocalContext {
  const { name, arn, requestId, timeoutSeconds, traceHeader, clock } = invocation;
  const deadlineMs = clock.nowMs() + timeoutSeconds * 1000;
  const unsupported = (): never => {
    throw new Error('The local stack does not support callbacks: return a promise instead.');
  };
  return {
    callbackWaitsForEmptyEventLoop: false,
    functionName: physicalName(name),
    functionVersion: '$LATEST',
    invokedFunctionArn: arn,
    memoryLimitInMB: '256',
    awsRequestId: requestId,
    logGroupName: `/aws/lambda/${physicalName(name)}`,
    logStreamName: 'local',
    getRemainingTimeInMillis: () => deadlineMs - clock.nowMs(),
    done: unsupported,
    fail: unsupported,
    succeed: unsupported,
    ...(traceHeader !== undefined && { traceHeader }),
  };
}
