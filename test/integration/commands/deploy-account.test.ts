import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { S3Client } from '@aws-sdk/client-s3';
import { expect, onTestFinished, test } from 'vitest';
import { openAccount } from '../../../lib/commands/deploy/aws-account.ts';
import { openCodeBucket } from '../../../lib/commands/deploy/code-bucket.ts';

const { signal } = new AbortController();

/** Answers every request with this status and body. */
async function startServer(status: number, body = ''): Promise<string> {
  const server = createServer((request, response) =>
    request.resume().on('end', () => response.writeHead(status).end(body)),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The variables of this process are those of the SDK, which has no other way to be given them. */
function withVariables(variables: Readonly<Record<string, string>>): void {
  const before = { ...process.env };
  onTestFinished(() => {
    process.env = before;
  });
  const others = Object.entries(before).filter(([name]) => !name.startsWith('AWS_'));
  const nowhere = {
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
  process.env = { ...Object.fromEntries(others), ...nowhere, ...variables };
}

const keys = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };

test('without a region, lastmile deploy says how to name one', async () => {
  withVariables(keys);
  await expect(openAccount({ region: undefined, endpoint: undefined }, process.env, signal)).rejects.toMatchObject({
    status: 2,
    message: 'There is no region. Name it with --region eu-central-1, or set AWS_REGION.',
  });
});

test('without credentials, lastmile deploy says how to give them', async () => {
  withVariables({});
  await expect(openAccount({ region: 'eu-central-1', endpoint: undefined }, process.env, signal)).rejects.toMatchObject(
    {
      status: 2,
      message: expect.stringMatching(/^There are no AWS credentials: .*Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and /),
    },
  );
});

test('credentials that AWS refuses are refused in the words of AWS, without the credentials', async () => {
  withVariables(keys);
  const code = '<Code>InvalidClientTokenId</Code><Message>The security token is invalid.</Message>';
  const endpoint = await startServer(403, `<ErrorResponse><Error><Type>Sender</Type>${code}</Error></ErrorResponse>`);
  await expect(openAccount({ region: 'eu-central-1', endpoint }, process.env, signal)).rejects.toMatchObject({
    status: 1,
    message: expect.stringMatching(/^AWS refuses the credentials: The security token is invalid\. Set AWS_PROFILE/),
  });
});

test('a bucket that AWS forbids to read is taken for one of another account', async () => {
  const endpoint = await startServer(403);
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const s3 = new S3Client({ region: 'eu-central-1', endpoint, forcePathStyle: true, credentials });
  onTestFinished(() => s3.destroy());
  const bucket = { name: 'lastmile-1', account: '123456789012', region: 'eu-central-1', partition: 'aws' };
  await expect(openCodeBucket(bucket, { s3, signal, say: () => undefined })).rejects.toMatchObject({
    status: 1,
    message:
      'The bucket lastmile-1 does not belong to your account 123456789012, or you may not read it (s3:ListBucket). Nothing was uploaded. Name another bucket with --bucket.',
  });
});
