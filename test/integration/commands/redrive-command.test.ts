import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { ReceiveMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { expect, test } from 'vitest';
import { formatDeadLetter } from '../../../lib/core/message/dead-letter-message.ts';
import type { QueueMessage } from '../../../lib/core/message/queue-message.ts';
import type { LocalFunction } from '../../../lib/local/lambda/function-instances.ts';
import { deployedFunctions } from '../../../lib/local/lambda/function-instances.ts';
import { ownClients, ownStack } from '../../fixtures/stack.ts';

const lastmile = join(import.meta.dirname, '..', '..', '..', 'lib', 'commands', 'lastmile.ts');

interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(args: readonly string[], endpoint: string): Promise<Ended> {
  const env = { ...process.env, AWS_ENDPOINT_URL: endpoint };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [lastmile, 'redrive', ...args], { env }, (_error, stdout, stderr) =>
      resolve({ status: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

/** A stack with the function redrive only, so that moved messages stay in the delivery queue. */
async function start(functions: readonly LocalFunction[] = redriveAlone) {
  const stack = await ownStack({ functions });
  const { sqs } = ownClients(stack);
  const urlOf = (name: string) => `${stack.url}/123456789012/lastmile-local-${name}`;
  return {
    url: stack.url,
    redrive: (...args: readonly string[]) => run(args, stack.url),
    async put({ body, attributes }: QueueMessage): Promise<string> {
      const texts = Object.entries(attributes).map(([name, StringValue]) => [
        name,
        { DataType: 'String', StringValue },
      ]);
      const MessageAttributes = Object.fromEntries(texts);
      const QueueUrl = urlOf('dead-letters');
      const send = new SendMessageCommand({ QueueUrl, MessageBody: body, MessageAttributes });
      return (await sqs.send(send)).MessageId ?? '';
    },
    async bodiesIn(name: string): Promise<readonly (string | undefined)[]> {
      const receive = { QueueUrl: urlOf(name), MaxNumberOfMessages: 10, VisibilityTimeout: 0 };
      return ((await sqs.send(new ReceiveMessageCommand(receive))).Messages ?? []).map(({ Body }) => Body);
    },
  };
}

const redriveAlone = deployedFunctions().filter(({ name }) => name === 'redrive');

/** Replaces the function redrive by one that returns these answers in order and records its inputs. */
function answering(answers: readonly object[]) {
  const inputs: unknown[] = [];
  const handler = async (input: unknown) => {
    inputs.push(input);
    return answers[inputs.length - 1];
  };
  const functions = [{ name: 'redrive', timeoutSeconds: 60, create: async () => handler }];
  return { inputs, functions };
}

function deadLetter(apiDestination: string, id: string): QueueMessage {
  const text = `{"id":"${id}"}`;
  const progress = { attempts: 1, postponements: 0, firstReceivedAtMs: 1 };
  const delivery = { apiDestination, event: { value: { id }, text }, target: {}, ...progress };
  return formatDeadLetter({ body: text, delivery, code: 'EndpointRejected', reason: 'HTTP 400' });
}

const before = '2026-01-31T00:00:00.001Z';
const nothing = { moved: 0, matched: 0, kept: 0, unreadable: [], unreadableCount: 0, more: false, before };

test('lastmile redrive moves only the dead letters that its filters select, and a dry run only counts them', async () => {
  const { bodiesIn, put, redrive } = await start();
  for (const id of ['e1', 'e2']) await put(deadLetter('orders', id));
  await put(deadLetter('others', 'e3'));
  const dryRun = await redrive('--dry-run', '--api-destination', 'orders');
  expect(dryRun).toEqual({ status: 0, stdout: '2 dead letters would be moved, 1 left in place\n', stderr: '' });
  const orders = await redrive('--api-destination', 'orders', '--error-code', 'ERROR_FROM_TARGET', '--rate', '50');
  expect(orders).toEqual({ status: 0, stdout: '2 dead letters moved, 1 left in place\n', stderr: '' });
  expect([await bodiesIn('deliveries'), await bodiesIn('dead-letters')]).toEqual([
    ['{"id":"e1"}', '{"id":"e2"}'],
    ['{"id":"e3"}'],
  ]);
  const rest = await redrive('--after', '2020-01-01', '--maximum', '5', '--json');
  expect([rest.status, rest.stderr]).toEqual([0, '']);
  expect(JSON.parse(rest.stdout)).toEqual({ moved: 1, matched: 1, kept: 0, unreadable: [], unreadableCount: 0 });
});

test('lastmile redrive ends with status 1 and prints the id of an unreadable dead letter without its body', async () => {
  const { put, redrive } = await start();
  const messageId = await put({ body: 'body-canary', attributes: {} });
  expect(await redrive()).toEqual({
    status: 1,
    stdout:
      '0 dead letters moved, 1 left in place\n1 cannot be delivered again:\n' +
      `  ${messageId}  InvalidJson: The message is not JSON.\n`,
    stderr: '',
  });
});

test('lastmile redrive calls the function again with the rest of the maximum while dead letters are left', async () => {
  const answers = [
    { ...nothing, moved: 3, matched: 5, more: true },
    { ...nothing, moved: 2, matched: 2, more: true },
    { ...nothing, moved: 1, matched: 1, kept: 4, more: true },
  ];
  const { inputs, functions } = answering(answers);
  const { redrive } = await start(functions);
  expect(await redrive('--maximum', '6', '--rate', '0.5')).toEqual({
    status: 0,
    stdout: '3 moved so far\n5 moved so far\n6 dead letters moved, 4 left in place\n',
    stderr: '',
  });
  expect(inputs).toEqual([
    { ratePerSecond: 0.5, maximum: 6 },
    { ratePerSecond: 0.5, maximum: 3, before },
    { ratePerSecond: 0.5, maximum: 1, before },
  ]);
});

test('lastmile redrive ends when a call moves nothing although dead letters are left', async () => {
  const { functions } = answering([{ ...nothing, kept: 100_000, more: true }]);
  const { redrive } = await start(functions);
  const { status, stdout } = await redrive('--api-destination', 'orders');
  expect([status, stdout]).toEqual([
    1,
    expect.stringMatching(/^0 dead letters moved, 100000 .*\nSome dead letters were not read:/),
  ]);
});

test('a dry run of lastmile redrive reports that it has not read all dead letters', async () => {
  const { inputs, functions } = answering([{ ...nothing, matched: 100_000, kept: 100_000, more: true }]);
  const { redrive } = await start(functions);
  const { status, stdout } = await redrive('--dry-run');
  expect([status, stdout, inputs.length]).toEqual([
    1,
    expect.stringMatching(/^100000 dead letters would be moved, 0 .*\nSome dead letters were not read: a dry run /),
    1,
  ]);
});

test('a dry run of lastmile redrive ends when the number of matches reaches --maximum', async () => {
  const { functions } = answering([{ ...nothing, matched: 5, kept: 8, more: true }]);
  const { redrive } = await start(functions);
  expect(await redrive('--dry-run', '--maximum', '5')).toEqual({
    status: 0,
    stdout: '5 dead letters would be moved, 3 left in place\n',
    stderr: '',
  });
});

test('lastmile redrive prints the error of the function and the number of dead letters that were moved before', async () => {
  const answers = [{ ...nothing, moved: 3, matched: 3, more: true }];
  const handler = async () => answers.pop() ?? Promise.reject(new Error('The queue is gone.'));
  const { redrive } = await start([{ name: 'redrive', timeoutSeconds: 60, create: async () => handler }]);
  expect(await redrive()).toEqual({
    status: 1,
    stdout: '3 moved so far\n',
    stderr: 'Stopped: The queue is gone. Moved before that: 3.\n',
  });
});

test.each([
  [
    'a maximum that is not a number',
    ['--maximum', 'x'],
    /^Bad input: --maximum is not a whole number .*\. See npm run redrive -- --help\.\n$/,
  ],
  [
    'a rate of 0',
    ['--rate', '0'],
    /^Bad input: --rate is not a number from 0\.1 .*\. See npm run redrive -- --help\.\n$/,
  ],
  [
    'an empty API destination',
    ['--api-destination', ''],
    /^--api-destination needs a value\. See npm run redrive -- --help\.\n$/,
  ],
  [
    'an invalid time and an invalid error code',
    ['--after', 'monday', '--error-code', '?'],
    /^Bad input: --error-code is not .*; --after is not .*\. See npm run redrive -- --help\.\n$/,
  ],
  [
    'an unknown flag',
    ['--api-destinations', 'x'],
    /^Unknown option '--api-destinations'\. See npm run redrive -- --help\.\n$/,
  ],
  ['an argument without a flag', ['orders'], /^Unexpected argument 'orders'\. See npm run redrive -- --help\.\n$/],
])('lastmile redrive refuses %s in one line and calls no stack', async (_what, args, line) => {
  const { status, stdout, stderr } = await run(args, 'http://127.0.0.1:1');
  expect([status, stdout, stderr]).toEqual([2, '', expect.stringMatching(line)]);
});

test('lastmile redrive prints its usage with --help, and one line when no stack answers', async () => {
  const help = await run(['--help'], 'http://127.0.0.1:1');
  expect([help.status, help.stdout]).toEqual([0, expect.stringMatching(/^Moves dead letters[^]*--dry-run[^]*--stage/)]);
  const { status, stderr } = await run([], 'http://127.0.0.1:1');
  expect([status, stderr]).toEqual([
    1,
    expect.stringMatching(/^No local stack answers at http:\/\/127\.0\.0\.1:1 [^\n]+npm start[^\n]+\n$/),
  ]);
});
