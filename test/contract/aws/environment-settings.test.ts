import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { expect, onTestFinished, test } from 'vitest';
import { settingsFromEnvironment } from '../../../lib/adapters/aws/environment-settings.ts';
import type { ServiceSettings } from '../../../lib/adapters/aws/service-settings.ts';
import { endpointOf } from '../../../lib/adapters/aws/service-settings.ts';
import { createSignedTableCalls } from '../../../lib/adapters/dynamodb/table-calls.ts';
import { systemClock } from '../../../lib/adapters/system-clock.ts';
import type { ServiceReaction } from '../../servers/aws/scripted-service.ts';
import {
  bothOutcomes,
  clientFor,
  comparable,
  outcomeOf,
  refusal,
  success,
  tableName,
  theService,
  useService,
} from './signed-call-subjects.ts';

useService();

/** As Lambda sets them for a function. */
const lambda = {
  AWS_LAMBDA_FUNCTION_NAME: 'deliver',
  AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
  AWS_LAMBDA_RUNTIME_API: '127.0.0.1:9001',
  AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
  AWS_XRAY_DAEMON_ADDRESS: '169.254.79.129:2000',
  AWS_DEFAULT_REGION: 'eu-west-1',
  AWS_REGION: 'eu-west-1',
  AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'secret',
  AWS_SESSION_TOKEN: 'token',
};

const noClient = () => Promise.reject(new Error('The client is not needed.'));

const regions = [
  'us-east-1',
  'us-gov-west-1',
  'eu-central-2',
  'ap-southeast-4',
  'me-south-1',
  'il-central-1',
  'mx-central-1',
];
const otherRegions = ['cn-north-1', 'us-iso-east-1', 'us-isob-east-1', 'eu-isoe-west-1', 'eusc-de-east-1', 'local'];

function setVariables(variables: Readonly<Record<string, string>>): void {
  const changed = new Set([
    ...Object.keys(process.env).filter((name) => name.startsWith('AWS_')),
    ...Object.keys(variables),
  ]);
  for (const name of changed) {
    const before = process.env[name];
    onTestFinished(() => {
      if (before === undefined) delete process.env[name];
      else process.env[name] = before;
    });
    delete process.env[name];
  }
  Object.assign(process.env, variables);
}

test.each([...regions.map((AWS_REGION) => ({ AWS_REGION })), { AWS_ENDPOINT_URL: 'http://127.0.0.1:4566/in/here' }])(
  'the settings from the environment name the endpoint and the credentials that AWS clients find there, with %o',
  async (variables) => {
    const environment = { ...lambda, ...variables };
    setVariables(environment);
    const clients = { dynamodb: new DynamoDBClient({}), secretsmanager: new SecretsManagerClient({}) };
    for (const [service, { config }] of Object.entries(clients)) {
      const settings = settingsFromEnvironment(service as keyof typeof clients, environment, noClient);
      if (settings === undefined) throw new Error('The environment is usual.');
      expect(await endpointOf(settings, undefined, tableName)).toEqual(await endpointOf(config, undefined, tableName));
      expect(settings.defaultSigningName).toBe(config.defaultSigningName);
      const { accessKeyId, secretAccessKey, sessionToken } = await config.credentials();
      expect(await settings.credentials()).toEqual({ accessKeyId, secretAccessKey, sessionToken });
    }
  },
);

test.each([
  ...otherRegions.map((AWS_REGION) => ({ AWS_REGION })),
  { AWS_USE_FIPS_ENDPOINT: 'true' },
  { AWS_USE_DUALSTACK_ENDPOINT: 'true' },
  { AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:1' },
  { AWS_PROFILE: 'other' },
  { AWS_CONFIG_FILE: '/opt/config' },
  { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://127.0.0.1:1' },
  { AWS_ACCOUNT_ID: '123456789012' },
  { AWS_RETRY_MODE: 'adaptive' },
  { AWS_REGION: undefined },
  { AWS_ACCESS_KEY_ID: undefined },
  { AWS_SECRET_ACCESS_KEY: undefined },
  { AWS_LAMBDA_FUNCTION_NAME: undefined },
])(
  'there are no settings from an environment that only an AWS client understands, such as one with %o',
  (variables) => {
    expect(settingsFromEnvironment('dynamodb', { ...lambda, ...variables }, noClient)).toBeUndefined();
  },
);

const failures: readonly (readonly [what: string, script: readonly ServiceReaction[]])[] = [
  ['succeed', [success, success]],
  ['are throttled twice', [refusal('ThrottlingException'), refusal('ThrottlingException'), success]],
  ['meet two lost connections', ['reset', 'reset', success]],
  ['meet three errors of the service', [500, 500, 500].map((status) => refusal('InternalServerError', { status }))],
  ['are refused', [refusal('AccessDeniedException')]],
];

test.each(failures)(
  'calls with the settings from the environment end as those of the AWS client when they %s',
  async (_what, script) => {
    const service = theService();
    const { client } = await bothOutcomes(...script);
    let loads = 0;
    const load = async (): Promise<ServiceSettings> => {
      loads += 1;
      return clientFor(service.endpoint).config;
    };
    const environment = { ...lambda, AWS_ENDPOINT_URL: service.endpoint };
    const settings = settingsFromEnvironment('dynamodb', environment, load);
    if (settings === undefined) throw new Error('The environment is usual.');
    service.follow(...script);
    const signed = await outcomeOf(createSignedTableCalls(settings, tableName, systemClock));
    expect(comparable(signed)).toEqual(comparable(client));
    expect(loads).toBe(script[0] === success ? 0 : 1);
  },
);
