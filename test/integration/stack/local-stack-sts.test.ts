import { expect, test } from 'vitest';
import type { Stack } from '../../../lib/local/stack/stack.ts';
import { ownStack, sharedStack } from '../../fixtures/stack.ts';

let stack: Stack;

sharedStack.override('stackOptions', { account: '000011112222', functions: [] });

sharedStack.beforeAll(({ stack: started }) => {
  stack = started;
});

interface Asked {
  readonly region?: string;
  readonly url?: string;
}

async function ask(form: string, { region = 'us-east-1', url = stack.url }: Asked = {}) {
  const credential = `AKIDEXAMPLE/20261128/${region}/sts/aws4_request`;
  const authorization = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host, Signature=0`;
  const headers = { authorization, 'content-type': 'application/x-www-form-urlencoded' };
  const answer = await fetch(url, { method: 'POST', headers, body: form });
  return { status: answer.status, text: await answer.text() };
}

test('GetCallerIdentity answers with the account of the stack', async () => {
  const { status, text } = await ask('Action=GetCallerIdentity&Version=2011-06-15');
  expect(status).toBe(200);
  expect(text).toContain('<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">');
  expect(text).toContain(
    '<Arn>arn:aws:iam::000011112222:root</Arn><UserId>000011112222</UserId><Account>000011112222</Account>',
  );
});

test('GetCallerIdentity answers with the partition of the region', async () => {
  const { text } = await ask('Action=GetCallerIdentity', { region: 'cn-north-1' });
  expect(text).toContain('<Arn>arn:aws-cn:iam::000011112222:root</Arn>');
});

test('GetCallerIdentity answers a request that is signed in its query', async () => {
  const credential = encodeURIComponent('AKIDEXAMPLE/20261128/us-east-1/sts/aws4_request');
  const answer = await fetch(`${stack.url}/?Action=GetCallerIdentity&X-Amz-Credential=${credential}`);
  expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('000011112222')]);
});

test('GetAccessKeyInfo answers with the account of the stack for every access key', async () => {
  const { text } = await ask('Action=GetAccessKeyInfo&AccessKeyId=AKIAIOSFODNN7EXAMPLE');
  expect(text).toContain('<GetAccessKeyInfoResult><Account>000011112222</Account></GetAccessKeyInfoResult>');
});

test.each([
  ['GetAccessKeyInfo', '', "Value null at 'accessKeyId' failed to satisfy constraint: Member must not be null"],
  ['GetAccessKeyInfo', '&AccessKeyId=a%26b', "Value 'a&amp;b' at 'accessKeyId' failed to satisfy constraint"],
  ['AssumeRole', '&RoleArn=x', "Value 'x' at 'roleArn' failed to satisfy constraint"],
])('%s with the parameters "%s" is refused, and the error names the field', async (action, parameters, message) => {
  const { status, text } = await ask(`Action=${action}${parameters}`);
  expect([status, text]).toEqual([400, expect.stringContaining('<Code>ValidationError</Code>')]);
  expect(text).toContain(message);
});

test('AssumeRole answers with temporary credentials, the role and the session', async () => {
  const role = encodeURIComponent('arn:aws:iam::000011112222:role/ci');
  const { text } = await ask(`Action=AssumeRole&RoleArn=${role}&RoleSessionName=build&DurationSeconds=900`);
  expect(text).toContain('<Arn>arn:aws:sts::000011112222:assumed-role/ci/build</Arn>');
  expect(text).toMatch(
    /<AccessKeyId>ASIA[0-9A-F]{16}<\/AccessKeyId>.*<Expiration>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ<\/Expiration>/,
  );
});

test.each([
  ['Action=DecodeAuthorizationMessage', 'InvalidAction', 'Could not find operation DecodeAuthorizationMessage'],
  ['Version=2011-06-15', 'MissingAction', 'Action'],
])('the call %s is refused with the code %s', async (form, code, message) => {
  const { status, text } = await ask(form);
  expect([status, text]).toEqual([400, expect.stringContaining(`<Code>${code}</Code>`)]);
  expect(text).toContain(message);
});

test('a stack that requires API keys gives out no credentials', async () => {
  const { url } = await ownStack({ functions: [], auth: true });
  const { status, text } = await ask('Action=GetSessionToken', { url });
  expect(status).toBeGreaterThanOrEqual(400);
  expect(text).not.toContain('SecretAccessKey');
});
