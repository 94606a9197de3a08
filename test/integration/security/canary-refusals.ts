import { canaries, type WatchedStack } from './canary-story.ts';

const secret = canaries.refusedInput;
const connection = (AuthorizationType: string, AuthParameters: unknown) => ({
  Name: 'new',
  AuthorizationType,
  AuthParameters,
});
const basic = (Password: unknown) => connection('BASIC', { BasicAuthParameters: { Username: 'jo', Password } });
const apiKey = (ApiKeyValue: unknown, ApiKeyName = 'x-key') =>
  connection('API_KEY', { ApiKeyAuthParameters: { ApiKeyName, ApiKeyValue } });
const oauth = (ClientSecret: unknown, more: object = {}) =>
  connection('OAUTH_CLIENT_CREDENTIALS', {
    OAuthParameters: {
      ClientParameters: { ClientID: 'client', ClientSecret },
      AuthorizationEndpoint: 'https://example.com/token',
      HttpMethod: 'POST',
      ...more,
    },
  });
const parameters = (list: string, ...values: readonly unknown[]) => {
  const entries = values.map((Value) => ({ Key: 'x-parameter', Value, IsValueSecret: true }));
  const { AuthParameters } = basic('ok') as { AuthParameters: object };
  return connection('BASIC', { ...AuthParameters, InvocationHttpParameters: { [list]: entries } });
};
const endpoint = (InvocationEndpoint: string) => ({
  Name: 'new',
  ConnectionArn: 'arn:aws:events:us-east-1:123456789012:connection/basic/00000000-0000-0000-0000-000000000000',
  InvocationEndpoint,
  HttpMethod: 'POST',
});

/** Invalid inputs of the control API: not JSON, of the wrong type, out of bounds or misplaced. Each one contains a secret. */
const refused: readonly (readonly [operation: string, input: unknown])[] = [
  ['CreateConnection', `{"Name": "x", "Password": "${secret}`],
  ['CreateConnection', `${secret}`],
  ['CreateConnection', `"${secret}"`],
  ['CreateConnection', `[${JSON.stringify(basic(secret))}]`],
  ['CreateConnection', basic(`${secret}\n`)],
  ['CreateConnection', basic({ [secret]: secret })],
  ['CreateConnection', basic([secret])],
  ['CreateConnection', basic(secret.repeat(100))],
  ['CreateConnection', connection('BASIC', secret)],
  ['CreateConnection', connection('DIGEST', { BasicAuthParameters: { Username: 'jo', Password: secret } })],
  ['CreateConnection', connection('BASIC', { ApiKeyAuthParameters: { ApiKeyName: 'x', ApiKeyValue: secret } })],
  ['CreateConnection', connection('BASIC', { BasicAuthParameters: { Password: secret } })],
  ['CreateConnection', apiKey(`${secret}\u0001`)],
  ['CreateConnection', apiKey(`${secret}\u{1F600}`)],
  ['CreateConnection', apiKey(secret, 'no header name')],
  ['CreateConnection', apiKey(7, secret)],
  ['CreateConnection', oauth(`${secret}:`)],
  ['CreateConnection', oauth(secret, { HttpMethod: 'BREW' })],
  ['CreateConnection', oauth('ok', { AuthorizationEndpoint: `https://jo:${secret}@example.com/` })],
  ['CreateConnection', oauth('ok', { AuthorizationEndpoint: `http://jo:${secret}@example.com/` })],
  ['CreateConnection', parameters('HeaderParameters', `${secret}\u0000`)],
  ['CreateConnection', parameters('HeaderParameters', secret, secret)],
  ['CreateConnection', parameters('QueryStringParameters', `${secret}\u0007`)],
  ['CreateConnection', parameters('QueryStringParameters', secret.repeat(100))],
  ['CreateConnection', parameters('BodyParameters', { value: secret })],
  ['CreateConnection', { ...basic(secret), KmsKeyIdentifier: 'key' }],
  ['CreateConnection', { ...basic(secret), Name: 'basic' }],
  ['CreateConnection', { ...basic(secret), Name: 'not a name' }],
  ['UpdateConnection', { ...basic(secret), Name: 'nowhere' }],
  ['UpdateConnection', { ...basic(`${secret}\t\n`), Name: 'basic' }],
  ['UpdateConnection', { ...parameters('HeaderParameters', `\n${secret}`), Name: 'basic' }],
  ['CreateApiDestination', endpoint(`https://jo:${secret}@example.com/`)],
  ['CreateApiDestination', endpoint(`https://${secret}:${secret}@[/`)],
  ['PutSomething', basic(secret)],
  ['toString', basic(secret)],
];

const policy = (members: object) => ({ ApiDestinationName: 'basic-200', ...members });

const refusedPolicies: readonly (readonly [operation: string, input: object])[] = [
  ['PutDeliveryPolicy', policy({ ProxyUrl: `http://jo:${secret}@proxy.example:3128` })],
  ['PutDeliveryPolicy', policy({ ProxyUrl: `ftp://jo:${secret}@proxy.example` })],
  ['PutDeliveryPolicy', policy({ Signing: secret })],
  ['PutDeliveryPolicy', policy({ RetryPolicy: secret })],
  ['PutSomething', policy({ Secret: secret })],
];

/** @returns the statuses of the refusals */
export async function refuseEverything(stack: WatchedStack): Promise<readonly number[]> {
  const answers = await Promise.all(refused.map(([operation, input]) => stack.control(operation, input)));
  for (const [operation, input] of refusedPolicies) answers.push(await stack.policy(operation, input));
  const others = [
    ['secretsmanager', 'secretsmanager.CreateSecret', `{"Name": "x", "SecretString": "${secret}`],
    ['secretsmanager', 'secretsmanager.CreateSecret', `{"Name": "x y", "SecretString": "${secret}"}`],
    ['secretsmanager', 'secretsmanager.PutSecretValue', `{"SecretId": "nowhere", "SecretString": "${secret}"}`],
    ['secretsmanager', 'secretsmanager.CreateSecret', `{"Name": "x", "SecretString": ["${secret}"]}`],
    ['dynamodb', 'DynamoDB_20120810.PutItem', `{"TableName": "nowhere", "Item": {"pk": {"S": "${secret}"}}`],
    ['dynamodb', 'DynamoDB_20120810.PutItem', `"${secret}"`],
    ['sqs', 'AmazonSQS.SendMessage', `{"QueueUrl": "${stack.url}/123456789012/nowhere", "MessageBody": "${secret}"}`],
    ['sqs', 'AmazonSQS.SendMessage', `{"MessageBody": {"secret": "${secret}"}}`],
    ['logs', 'Logs_20140328.PutLogEvents', `{"message": "${secret}"}`],
  ] as const;
  for (const [service, target, body] of others) {
    const headers = {
      'x-amz-target': target,
      'x-amz-date': '20260101T000000Z',
      'content-type': 'application/x-amz-json-1.0',
    };
    answers.push(await stack.send(service, '/', headers, body));
  }
  const latin1 = Buffer.from(`{"Name": "\u00ff", "Password": "${secret}"}`, 'latin1');
  answers.push(await stack.send('events', '/', { 'x-amz-target': 'AWSEvents.CreateConnection' }, latin1));
  return answers.map(({ status }) => status);
}
