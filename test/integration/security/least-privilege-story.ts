import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { CreateApiDestinationCommand, CreateEventBusCommand } from '@aws-sdk/client-eventbridge';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { CreateSecretCommand, PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { CreateQueueCommand } from '@aws-sdk/client-sqs';
import { deployedFunctions, type LocalFunction } from '../../../lib/local/lambda/function-instances.ts';
import type { StackOptions } from '../../../lib/local/stack/stack.ts';
import type { Clients } from '../../fixtures/clients.ts';
import { sharedStack } from '../../fixtures/stack.ts';
import { type AuthorizationRecorder, startAuthorizationRecorder } from '../../servers/oauth/authorization-recorder.ts';
import { startTokenEndpoint, type TokenEndpoint } from '../../servers/oauth/oauth-token-endpoint.ts';
import type { AnswerRequest, RecordingEndpoint } from '../../servers/endpoints/recording-endpoint.ts';

export const region = 'us-east-1';
export const account = '123456789012';
export const teamQueueArn = `arn:aws:sqs:${region}:${account}:team-dead-letters`;

/** Variables of a deployed stack: secrets have the names in the roles, and no retry comes back while the story runs. */
const environment = {
  SECRET_PREFIX: 'lastmile/local/connection/',
  RETRY_BASE_DELAY_MS: '900000',
  STATE_EVENTS_BUS_NAME: 'states',
};

/** The address where the functions call AWS: that of the recorder, once it has been started. */
interface Way {
  endpoint?: string;
}

const file = { scope: 'file' } as const;

/** The tests of a file share one stack with its endpoints. A recorder sees every call of the functions to AWS. */
export const sharedPrivilege = sharedStack
  .extend('way', file, (): Way => ({}))
  .extend('stackOptions', file, ({ way }): StackOptions => ({ environment, functions: functionsBy(way) }))
  .extend(
    'answer',
    file,
    (): AnswerRequest =>
      ({ path }) => ({ status: Number(path.slice(1)) }),
  )
  .extend('recorder', file, async ({ stack, way }, { onCleanup }) => {
    const recorder = await startAuthorizationRecorder(stack.url, account);
    onCleanup(() => recorder.stop());
    way.endpoint = recorder.endpoint;
    return recorder;
  })
  .extend('story', file, async ({ recorder, endpoint, clients }, { onCleanup }) => {
    // Tokens that have expired when they arrive, so each delivery renews its token.
    const tokens = await startTokenEndpoint((_, index) => ({
      body: { access_token: `token-${index}`, token_type: 'bearer', expires_in: 0 },
    }));
    onCleanup(() => tokens.close());
    return await createPrivilegeStory(recorder, endpoint, tokens, clients);
  });

function functionsBy(way: Way): readonly LocalFunction[] {
  return deployedFunctions(5000).map((each) => ({
    ...each,
    create: ({ aws, ...surroundings }: Parameters<typeof each.create>[0]) => {
      const { endpoint } = way;
      if (endpoint === undefined) throw new Error('The recorder has not been started.');
      return each.create({ ...surroundings, aws: { ...aws, endpoint } });
    },
  }));
}

async function createPrivilegeStory(
  recorder: AuthorizationRecorder,
  endpoint: RecordingEndpoint,
  tokens: TokenEndpoint,
  { events, lambda, dynamoDb, sqs, secrets }: Clients,
) {
  await events.send(new CreateEventBusCommand({ Name: 'states' }));
  await sqs.send(new CreateQueueCommand({ QueueName: 'team-dead-letters' }));
  const secret = { Name: 'team/signing', SecretString: `whsec_${Buffer.alloc(32, 1).toString('base64')}` };
  const { ARN: teamSecretArn = '' } = await secrets.send(new CreateSecretCommand(secret));
  const credentials = await secrets.send(new CreateSecretCommand({ Name: 'team/credentials', SecretString: '{}' }));

  /** Puts these credentials into a secret that does not belong to the stack. @returns its ARN */
  async function keepCredentials(text: string): Promise<string> {
    await secrets.send(new PutSecretValueCommand({ SecretId: credentials.ARN, SecretString: text }));
    return credentials.ARN ?? '';
  }

  /** @throws Error when the function fails */
  async function invoke(name: string, input: object): Promise<unknown> {
    const FunctionName = `lastmile-local-${name}`;
    const answer = await lambda.send(new InvokeCommand({ FunctionName, Payload: JSON.stringify(input) }));
    const text = answer.Payload?.transformToString() ?? '';
    if (answer.FunctionError !== undefined) throw new Error(`${name} failed: ${text}`);
    return JSON.parse(text);
  }

  /** Invokes control-api directly. @throws Error when the operation is refused */
  async function control(operation: string, input: object): Promise<unknown> {
    const answer = (await invoke('control-api', { operation, input })) as { output?: unknown; error?: unknown };
    if (answer.error !== undefined) throw new Error(`${operation}: ${JSON.stringify(answer.error)}`);
    return answer.output;
  }

  async function createDestination(Name: string, ConnectionArn: string | undefined, status: number): Promise<string> {
    const InvocationEndpoint = `${endpoint.origin}/${status}`;
    const created = { Name, ConnectionArn, InvocationEndpoint, HttpMethod: 'POST' } as const;
    return (await events.send(new CreateApiDestinationCommand(created))).ApiDestinationArn ?? '';
  }

  return {
    recorder,
    events,
    invoke,
    control,
    createDestination,
    tokenUrl: tokens.url,
    /** Where the answers to CloudFormation go. */
    answersUrl: `${endpoint.origin}/200`,
    keepCredentials,
    /** The ARN of the secret that `keepCredentials` writes. */
    credentialsArn: credentials.ARN,
    /** The ARN of a secret that does not belong to the stack. */
    teamSecretArn,
    /** Sets the bucket as if other workers had taken all slots of the next ten minutes. */
    async takeSlots(apiDestinationArn: string): Promise<void> {
      const Key = { pk: { S: `RATE#${apiDestinationArn.split('/').at(-1)}` }, sk: { S: '0' } };
      const number = (value: number) => ({ N: String(value) });
      await dynamoDb.send(
        new UpdateItemCommand({
          TableName: 'lastmile-local',
          Key,
          UpdateExpression: 'SET slotsUntilUs = :slots, returnsUntilUs = :none, generation = :one, revision = :one',
          ExpressionAttributeValues: {
            ':slots': number((Date.now() + 600_000) * 1000),
            ':none': number(0),
            ':one': number(1),
          },
        }),
      );
    },
  };
}

export type PrivilegeStory = Awaited<ReturnType<typeof createPrivilegeStory>>;
