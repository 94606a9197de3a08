/** `lastmile/testing/vitest`: a `test` whose tests may use a local stack and a receiver. */
import { test as vitestTest, vi } from 'vitest';
import type { Receiver } from './receiver.ts';
import { startReceiver } from './receiver.ts';
import type { TestStack } from './stack.ts';
import { startStack } from './stack.ts';

interface Fixtures {
  /** A local stack without connections, destinations, rules and events. */
  readonly stack: TestStack;
  /** An endpoint that has no requests yet. */
  readonly receiver: Receiver;
  readonly fileStack: TestStack;
  readonly fileReceiver: Receiver;
}

/**
 * A file's first test also waits for the start of the stack, and `waitForDelivery` explains only after ten seconds why nothing was
 * delivered. The five seconds that vitest gives a test are too short for both.
 */
vi.setConfig({ testTimeout: 60_000 });

/**
 * The tests of a file share one stack and one receiver. Each starts when a test first names it, and is empty at the beginning of
 * each test. The file's tests may take 60 s, unless they set another timeout. Needs vitest 3.2 or newer.
 */
export const test = vitestTest.extend<Fixtures>({
  fileStack: [
    async ({}, use) => {
      const stack = await startStack();
      await use(stack);
      await stack.stop();
    },
    { scope: 'file' },
  ],
  fileReceiver: [
    async ({}, use) => {
      const receiver = await startReceiver();
      await use(receiver);
      await receiver.stop();
    },
    { scope: 'file' },
  ],
  stack: async ({ fileStack }, use) => {
    await fileStack.reset();
    await use(fileStack);
  },
  receiver: async ({ fileReceiver }, use) => {
    fileReceiver.reset();
    await use(fileReceiver);
  },
});
