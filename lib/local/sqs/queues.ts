import { maximumReceives } from '../../core/message/queued-delivery.ts';
import { visibilityTimeoutSeconds } from '../../core/delivery/retry.ts';
import { type SqsEngine, type SqsMembers, SqsRefusal } from './fauxqs.ts';
import { isMembers, type QueueNaming } from './names.ts';

/** The names of the stack's own queues. */
export interface StackQueues {
  readonly deliveries: string;
  /** The ordered queue, a FIFO queue. */
  readonly orderedDeliveries: string;
  readonly deadLetters: string;
  /** Time limit of the function that reads the first two queues. */
  readonly functionTimeoutSeconds: number;
}

const longestRetentionSeconds = 1_209_600;

/** The attributes that only a FIFO queue has. infra/template/queues.cjs gives the deployed queue the same. */
const orderedAttributes = {
  FifoQueue: 'true',
  ContentBasedDeduplication: 'true',
  DeduplicationScope: 'messageGroup',
  FifoThroughputLimit: 'perMessageGroupId',
};

/**
 * Creates the stack's queues. An existing queue keeps its attributes, because the user may have changed them. One
 * exception: a visibility timeout below the function's time limit is raised, because a message would otherwise become
 * visible during its delivery and be delivered twice. Lambda refuses such a queue.
 */
export async function createStackQueues(engine: SqsEngine, region: string, queues: StackQueues): Promise<void> {
  const retention = { MessageRetentionPeriod: String(longestRetentionSeconds) };
  await createUnlessThere(engine, queues.deadLetters, retention);
  const deadLetterTargetArn = `arn:aws:sqs:${region}:000000000000:${queues.deadLetters}`;
  const VisibilityTimeout = String(visibilityTimeoutSeconds(queues.functionTimeoutSeconds));
  await createUnlessThere(engine, queues.deliveries, {
    ...retention,
    VisibilityTimeout,
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount: maximumReceives }),
  });
  await createUnlessThere(engine, queues.orderedDeliveries, { ...retention, ...orderedAttributes, VisibilityTimeout });
  await lengthenVisibility(engine, queues.deliveries, queues);
  await lengthenVisibility(engine, queues.orderedDeliveries, queues);
}

async function lengthenVisibility(engine: SqsEngine, QueueName: string, queues: StackQueues): Promise<void> {
  const { QueueUrl } = await engine.perform('GetQueueUrl', { QueueName });
  const { Attributes } = await engine.perform('GetQueueAttributes', {
    QueueUrl,
    AttributeNames: ['VisibilityTimeout'],
  });
  const seconds = isMembers(Attributes) ? Number(Attributes['VisibilityTimeout']) : 0;
  if (seconds >= queues.functionTimeoutSeconds) return;
  const VisibilityTimeout = String(visibilityTimeoutSeconds(queues.functionTimeoutSeconds));
  await engine.perform('SetQueueAttributes', { QueueUrl, Attributes: { VisibilityTimeout } });
}

async function createUnlessThere(engine: SqsEngine, name: string, attributes: SqsMembers): Promise<void> {
  if (await exists(engine, name)) return;
  await engine.perform('CreateQueue', { QueueName: name, Attributes: { ...attributes } });
}

async function exists(engine: Pick<SqsEngine, 'perform'>, name: string): Promise<boolean> {
  try {
    await engine.perform('GetQueueUrl', { QueueName: name });
    return true;
  } catch (error) {
    if (error instanceof SqsRefusal && error.code === 'QueueDoesNotExist') return false;
    throw error;
  }
}

/** @throws SqsRefusal for a redrive policy whose dead-letter queue does not exist in this account and region */
export async function checkRedrivePolicy(
  engine: Pick<SqsEngine, 'perform'>,
  input: SqsMembers,
  naming: QueueNaming,
): Promise<void> {
  const text = isMembers(input['Attributes']) ? input['Attributes']['RedrivePolicy'] : undefined;
  if (typeof text !== 'string' || text === '') return;
  const policy = parsePolicy(text);
  const target = policy?.['deadLetterTargetArn'];
  const arn = typeof target === 'string' ? target : '';
  const [, region, account, name] = /^arn:aws[a-z-]*:sqs:([a-z0-9-]+):([0-9]{12}):(.+)$/.exec(arn) ?? [];
  const here = region === naming.region && account === naming.account && name !== undefined;
  if (!here || !(await exists(engine, name))) throw invalidPolicy('Dead letter target does not exist.');
  const count = Number(policy?.['maxReceiveCount']);
  if (!Number.isInteger(count) || count < 1 || count > 1000) {
    throw invalidPolicy('maxReceiveCount must be a number between 1 and 1000.');
  }
}

function invalidPolicy(reason: string): SqsRefusal {
  const message = `Value for parameter RedrivePolicy is invalid. Reason: ${reason}`;
  return new SqsRefusal('InvalidParameterValue', message);
}

function parsePolicy(text: string): SqsMembers | undefined {
  try {
    const policy: unknown = JSON.parse(text);
    return isMembers(policy) ? policy : undefined;
  } catch {
    return undefined;
  }
}
