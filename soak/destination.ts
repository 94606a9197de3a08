import {
  CreateApiDestinationCommand,
  CreateConnectionCommand,
  DescribeConnectionCommand,
  UpdateApiDestinationCommand,
  UpdateConnectionCommand,
} from '@aws-sdk/client-eventbridge';
import { setTimeout } from 'node:timers/promises';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import type { DemoOAuthProvider } from '../lib/commands/demo/demo-servers.ts';
import { RotatingCredentials } from './credentials.ts';
import type { SoakEndpoint } from './endpoint.ts';
import { startSoakEndpoint } from './endpoint.ts';
import { idIn } from './events.ts';
import type { Ledger } from './ledger.ts';
import type { Change, DestinationName, PlannedPolicy } from './plan.ts';
import { namedRandom, traffic } from './plan.ts';
import type { Heartbeat } from './rate-count.ts';
import { RateCount } from './rate-count.ts';
import type { StackClients } from './stack.ts';

/**
 * This long after a change, no request may use the old configuration. The time covers 15 s in the cache (`CACHE_SECONDS`), a
 * freeze of the process, and the wait of a delivery for its slot.
 */
export const changeEffectMs = 25_000;

export interface DestinationOptions {
  readonly name: DestinationName;
  readonly seed: number;
  readonly provider: DemoOAuthProvider;
  readonly heartbeat: Heartbeat;
  readonly ledger: Ledger;
}

/** The top-level domain is reserved for names that do not exist. Source: RFC 6761. */
const unresolvable = 'https://soak.invalid';

/** A connection and an API destination with the same name, and the endpoint behind them. */
export class SoakDestination {
  readonly name: DestinationName;
  readonly rate = new RateCount();
  readonly #credentials: RotatingCredentials;
  readonly #arrivals = new Map<string, number>();
  #endpoint: SoakEndpoint | undefined;
  #pathNumber = 0;
  /** The time at which each earlier path was replaced. The current path is not included. */
  readonly #replacedAtMs = new Map<string, number>();
  /** Requests with credentials that are not valid or no longer valid. */
  unauthorized = 0;
  /** The longest time from a change of the path to a request to the old path. */
  stalestMs = 0;

  constructor({ name, provider }: DestinationOptions) {
    this.name = name;
    this.#credentials = new RotatingCredentials(name, provider);
  }

  static async start(options: DestinationOptions): Promise<SoakDestination> {
    const { name, seed, heartbeat, ledger } = options;
    const destination = new SoakDestination(options);
    destination.#endpoint = await startSoakEndpoint(name, {
      request(path) {
        destination.rate.arrived(heartbeat.arrival());
        const replacedAtMs = destination.#replacedAtMs.get(path);
        if (replacedAtMs === undefined) return;
        destination.stalestMs = Math.max(destination.stalestMs, performance.now() - replacedAtMs);
      },
      isAuthorized: (headers) => destination.#credentials.accept(headers),
      unauthorized: () => (destination.unauthorized += 1),
      delivered: ({ body, atMs, heard }) => ledger.delivered(idIn(body) ?? '', { atMs, heard }),
      randomFor: (body) => destination.#randomFor(seed, body),
    });
    return destination;
  }

  /** Random numbers that depend only on the seed, the event and how many times the event has arrived. */
  #randomFor(seed: number, body: string): () => number {
    const id = idIn(body) ?? '';
    const arrival = (this.#arrivals.get(id) ?? 0) + 1;
    this.#arrivals.set(id, arrival);
    return namedRandom(seed, `${id} ${arrival}`);
  }

  async create({ events }: StackClients): Promise<void> {
    const Name = this.name;
    const { ConnectionArn } = await events.send(new CreateConnectionCommand({ Name, ...this.#credentials.current }));
    const [InvocationRateLimitPerSecond] = traffic[this.name].rates;
    this.rate.mayBe(InvocationRateLimitPerSecond, performance.now());
    const destination = { Name, ConnectionArn, HttpMethod: 'POST', InvocationRateLimitPerSecond } as const;
    await events.send(new CreateApiDestinationCommand({ ...destination, InvocationEndpoint: this.#url() }));
  }

  /** @returns `make`, which makes the change and may be repeated, and `made`, to be called once the stack has made the change */
  begin(change: Change): { make(clients: StackClients): Promise<void>; made(): void } {
    const Name = this.name;
    switch (change.kind) {
      case 'rate': {
        const InvocationRateLimitPerSecond = change.ratePerSecond;
        this.rate.mayBe(InvocationRateLimitPerSecond, performance.now());
        return {
          make: (clients) => updateDestination(clients, { Name, InvocationRateLimitPerSecond }),
          made: () => this.rate.endEarlier(performance.now() + changeEffectMs),
        };
      }
      case 'path': {
        const replaced = this.#path();
        this.#pathNumber += 1;
        const InvocationEndpoint = this.#url();
        return {
          make: (clients) => updateDestination(clients, { Name, InvocationEndpoint }),
          made: () => void this.#replacedAtMs.set(replaced, performance.now()),
        };
      }
      case 'credentials': {
        const update = new UpdateConnectionCommand({ Name, ...this.#credentials.begin() });
        return {
          make: async ({ events }) => void (await events.send(update)),
          made: () => this.#credentials.end(),
        };
      }
      case 'policy':
        return { make: (clients) => putDeliveryPolicy(clients, Name, change.policy), made: () => undefined };
    }
  }

  /** A soak that is ended soon after its start finds connections AUTHORIZING, so this waits for up to half a minute. */
  async connectionState({ events }: StackClients): Promise<string> {
    for (let tries = 1; ; tries += 1) {
      const { ConnectionState = 'none' } = await events.send(new DescribeConnectionCommand({ Name: this.name }));
      if (ConnectionState !== 'AUTHORIZING' || tries === 300) return ConnectionState;
      await setTimeout(100);
    }
  }

  async close(): Promise<void> {
    await this.#endpoint?.close();
  }

  #path(): string {
    return `/${this.name}/${this.#pathNumber}`;
  }

  #url(): string {
    return `${this.name === 'unresolvable' ? unresolvable : (this.#endpoint?.url ?? '')}${this.#path()}`;
  }
}

async function updateDestination(
  { events }: StackClients,
  change: ConstructorParameters<typeof UpdateApiDestinationCommand>[0],
): Promise<void> {
  await events.send(new UpdateApiDestinationCommand(change));
}

/** The stack has understood a change and refused it. */
export class ChangeRefused extends Error {
  override readonly name = 'ChangeRefused';
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** @throws ChangeRefused with the message of the control API */
async function putDeliveryPolicy(
  { lambda }: StackClients,
  ApiDestinationName: string,
  policy: PlannedPolicy,
): Promise<void> {
  const call = { operation: 'PutDeliveryPolicy', input: { ApiDestinationName, ...policy } };
  const invocation = { FunctionName: 'lastmile-local-control-api', Payload: JSON.stringify(call) };
  const { Payload, FunctionError } = await lambda.send(new InvokeCommand(invocation));
  if (FunctionError !== undefined) throw new Error(`control-api failed: ${FunctionError}`);
  const { error } = JSON.parse(Payload?.transformToString() ?? '{}') as { error?: Record<string, unknown> };
  if (error !== undefined) throw new ChangeRefused(String(error['code']), String(error['message']));
}
