import type { Context } from 'aws-lambda';
import { afterEach, expect, test, vi } from 'vitest';
import { onDemand, queuesOnDemand, storesOnDemand } from '../../../functions/aws-on-demand.ts';
import { createEntry } from '../../../functions/entry.ts';
import type { Queues } from '../../../functions/queue-adapters.ts';
import type { ClientStores } from '../../../functions/client-adapters.ts';
import type { Stores } from '../../../functions/store-adapters.ts';

const context = { awsRequestId: 'request', functionName: 'deliver' } as Context;

afterEach(() => {
  vi.unstubAllEnvs();
});

test('a part is not loaded before its first use, and calls that come together load it once', async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  let loads = 0;
  const { use } = onDemand(() => {
    loads += 1;
    return promise;
  });
  expect(loads).toBe(0);
  const uses = [use(async (part) => `${part} 1`), use(async (part) => `${part} 2`)];
  resolve('part');
  expect(await Promise.all(uses)).toEqual(['part 1', 'part 2']);
  expect(await use(async (part) => part)).toBe('part');
  expect(loads).toBe(1);
});

test('a part that is loaded is called at once, without waiting for a promise', async () => {
  const { use } = onDemand(async () => 'part');
  await use(async () => undefined);
  const called: string[] = [];
  const used = use(async (part) => called.push(part));
  expect(called).toEqual(['part']);
  await used;
});

test('if a part cannot be loaded, all waiting calls fail with the reason, and the next call loads it again', async () => {
  const outcomes = [Promise.reject(new Error('out of file handles')), Promise.resolve('part')];
  const { use } = onDemand(() => outcomes.shift() ?? Promise.reject(new Error('too many loads')));
  const uses = await Promise.allSettled([use(async (part) => part), use(async (part) => part)]);
  expect(uses).toMatchObject(Array(2).fill({ reason: { message: 'out of file handles' } }));
  expect(await use(async (part) => part)).toBe('part');
});

test.each([
  ['on Lambda, a function begins to load what its first call needs before it is called', 'on-demand', 1],
  ['elsewhere, a function loads nothing before its first call', undefined, 0],
])('%s', async (_what, initializationType, loads) => {
  vi.stubEnv('AWS_LAMBDA_INITIALIZATION_TYPE', initializationType);
  let loaded = 0;
  const load = () => {
    loaded += 1;
    return Promise.reject(new Error('out of file handles'));
  };
  const handler = createEntry(() => async () => 'answer', load);
  expect(loaded).toBe(loads);
  expect(await handler({}, context)).toBe('answer');
  expect(loaded).toBe(loads);
});

type Calls = (readonly [string, ...unknown[]])[];

/** An object on which every method can be called; it records the calls, and answers with their path. */
function recorder(calls: Calls, path = ''): object {
  const target = () => undefined;
  return new Proxy(target, {
    // Otherwise a promise would take the object for another promise.
    get: (_target, name) => (name === 'then' ? undefined : recorder(calls, `${path}.${String(name)}`)),
    apply(_target, _self, args: unknown[]) {
      calls.push([path, ...args]);
      return Promise.resolve(path);
    },
  });
}

/** Calls every method below an object with three arguments. */
async function callAll(ports: object, path = ''): Promise<Calls> {
  const calls: Calls = [];
  for (const [name, member] of Object.entries(ports) as [string, object][]) {
    const below = `${path}.${name}`;
    if (typeof member !== 'function') calls.push(...(await callAll(member, below)));
    else {
      const args = ['one', 'two', 'three'].slice(0, member.length);
      calls.push([below, ...args]);
      expect(await (member as (...args: unknown[]) => unknown)(...args)).toBe(below);
    }
  }
  return calls;
}

const storesOf = (load: () => Promise<object>) =>
  storesOnDemand(onDemand(load as () => Promise<Stores>), onDemand(load as () => Promise<ClientStores>));
const queuesOf = (load: () => Promise<object>) => queuesOnDemand(load as () => Promise<Queues>);

/** The ports of ordered deliveries are passed on whole. */
function withoutOrdered(ports: object): object {
  return Object.fromEntries(Object.entries(ports).filter(([name]) => name !== 'ordered' && name !== 'progress'));
}

test('the ports of ordered deliveries on demand are those of their adapters', async () => {
  const [ordered, progressStore] = [{}, {}];
  const queues = queuesOf(async () => ({ ordered }));
  const stores = storesOf(async () => ({ progressStore }));
  expect(await queues.ordered(async (ports) => ports)).toBe(ordered);
  expect(await stores.progress(async (store) => store)).toBe(progressStore);
});

test.each([
  ['the stores', 18, storesOf],
  ['the queues', 10, queuesOf],
])(
  'each method of %s on demand calls the same method of its adapter with all arguments',
  async (_what, methods, of) => {
    const recorded: Calls = [];
    const called = await callAll(withoutOrdered(of(async () => recorder(recorded))));
    expect(recorded).toEqual(called);
    expect(called).toHaveLength(methods);
  },
);
