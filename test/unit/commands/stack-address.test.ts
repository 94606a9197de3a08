import { beforeEach, expect, test, vi } from 'vitest';
import { sameStack, stackAddress } from '../../../lib/commands/stack-address.ts';

beforeEach(() => {
  vi.stubEnv('AWS_ENDPOINT_URL', 'http://127.0.0.1:4011');
  vi.stubEnv('AWS_REGION', 'eu-west-1');
  return () => vi.unstubAllEnvs();
});

test.each([
  ['', {}],
  ['', { region: 'eu-west-1', 'endpoint-url': 'http://127.0.0.1:4011' }],
  [' --region us-east-1', { region: 'us-east-1' }],
  [' --endpoint-url http://127.0.0.1:4012', { 'endpoint-url': 'http://127.0.0.1:4012' }],
  [' --stage prod', { stage: 'prod' }],
  [
    ' --stage prod --endpoint-url https://a.example --region us-east-1',
    { stage: 'prod', region: 'us-east-1', 'endpoint-url': 'https://a.example' },
  ],
])('another command needs the flags "%s" to reach the stack that %j selects', (flags, values) => {
  expect(sameStack(stackAddress(values))).toBe(flags);
});
