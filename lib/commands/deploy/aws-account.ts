import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { S3Client } from '@aws-sdk/client-s3';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { partitionOf } from '../../core/destination/arn.ts';
import { commandLine, Exit, messageOf, sentence } from '../command.ts';

/** The account and the region of a deployment, with clients for them. */
export interface AwsAccount {
  readonly account: string;
  readonly region: string;
  readonly partition: string;
  readonly cloudFormation: CloudFormationClient;
  readonly s3: S3Client;
}

interface Given {
  readonly region: string | undefined;
  readonly endpoint: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Some calls of CloudFormation are limited to a few a second. */
const patience = { maxAttempts: 8 } as const;

/** @throws Exit 2 without a region or credentials; Exit 1 when AWS refuses the credentials or does not answer */
export async function openAccount(
  given: Given,
  environment: Environment,
  abortSignal: AbortSignal,
): Promise<AwsAccount> {
  const chosen = given.region || environment['AWS_REGION'] || environment['AWS_DEFAULT_REGION'];
  const endpoint = given.endpoint || environment['AWS_ENDPOINT_URL'];
  const config = { ...(chosen && { region: chosen }), ...(endpoint && { endpoint }) };
  const sts = new STSClient(config);
  const region = await sts.config.region().catch(() => {
    throw new Exit(2, 'There is no region. Name it with --region eu-central-1, or set AWS_REGION.');
  });
  await sts.config.credentials().catch((error: unknown) => {
    throw new Exit(2, `There are no AWS credentials: ${sentence(messageOf(error))} ${credentialsHint}`);
  });
  const identity = await sts.send(new GetCallerIdentityCommand({}), { abortSignal }).catch((error: unknown) => {
    if (abortSignal.aborted) throw interruptedEarly();
    throw new Exit(1, whyNoIdentity(error, region, endpoint));
  });
  return {
    account: String(identity.Account),
    region,
    partition: partitionOf(region),
    cloudFormation: new CloudFormationClient({ ...config, ...patience }),
    // Only AWS has a host name for each bucket.
    s3: new S3Client({ ...config, ...patience, ...(endpoint && { forcePathStyle: true }) }),
  };
}

const credentialsHint = 'Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, as for the AWS CLI.';

const networkCodes: ReadonlySet<unknown> = new Set([
  'ENOTFOUND',
  'ECONNREFUSED',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ETIMEDOUT',
]);

function whyNoIdentity(error: unknown, region: string, endpoint: string | undefined): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const text = sentence(messageOf(error));
  if (networkCodes.has(code))
    return `AWS does not answer at ${endpoint ?? `the address of the region ${region}`}: ${text} Check the region (--region) and the network.`;
  return `AWS refuses the credentials: ${text} ${credentialsHint}`;
}

/** The end of the command after Ctrl-C, as long as the stack has not been changed. */
export function interruptedEarly(): Exit {
  return new Exit(130, 'Interrupted before the deployment began. The stack was not changed.');
}

/** The text for an error of an AWS client during a deployment. */
export function whyRefused(error: Error): string {
  const { name } = error;
  const text = sentence(messageOf(error));
  if (/^(AccessDenied|AccessDeniedException)$/.test(name))
    return `Your credentials may not do this: ${text} Ask for the permission, then run ${commandLine('deploy')} again.`;
  return `AWS refuses: ${name}: ${text}`;
}
