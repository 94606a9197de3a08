import { expect, test } from 'vitest';
import { reportRefusedKeys } from '../../../functions/control-api.ts';
import { deriveSecret } from '../../../lib/core/api-key/text.ts';
import { ServiceError } from '../../../lib/core/failure/service-error.ts';
import { createApiKeyAuthentication } from '../../../lib/protocol/api-key-authentication.ts';
import { createManualClock } from '../../fakes/manual-clock.ts';

const publicId = 'da2-aaaaaaaaaa';
const secret = deriveSecret('root', 'control', publicId);
const wrong = `${publicId}${'b'.repeat(32)}`;

function authentication() {
  const clock = createManualClock();
  const refused: (string | undefined)[] = [];
  const { authenticate } = createApiKeyAuthentication({
    apiKeys: {
      read: async (apiId) => ({
        apiId,
        publicId,
        incarnation: 'i',
        expiresAtSeconds: 1e10,
        deletesAtSeconds: 1e10,
        revision: 1,
      }),
    },
    rootSecret: { read: async () => 'root' },
    clock,
    onRefusal: (id) => void refused.push(id),
  });
  const ask = async (key: string) => {
    const headers = new Map([['x-api-key', key]]);
    const request = { method: 'POST', path: '/', query: '', headers, body: new Uint8Array() };
    return await authenticate(request, { region: 'us-east-1' }).then(
      () => 'accepted',
      (error: unknown) => (error instanceof ServiceError ? error.code : 'failed'),
    );
  };
  return { ask, refused, clock };
}

test('a key that is refused more than 20 times a second is slowed, and the right key of the same id is not', async () => {
  const { ask, refused, clock } = authentication();
  const answers: unknown[] = [];
  for (let request = 0; request < 25; request += 1) answers.push(await ask(wrong));
  expect(answers).toEqual([
    ...Array<string>(20).fill('UnrecognizedClientException'),
    ...Array<string>(5).fill('ThrottlingException'),
  ]);
  expect(await ask(publicId + secret)).toBe('accepted');
  await clock.advance(1000);
  expect(await ask(wrong)).toBe('UnrecognizedClientException');
  expect(refused).toEqual(Array<string>(26).fill(publicId));
});

test('refused keys leave one line a second with their number, and each is counted', () => {
  const clock = createManualClock();
  const lines: string[] = [];
  let counted = 0;
  const report = reportRefusedKeys((line) => void lines.push(line), { count: () => void (counted += 1) }, clock);
  for (let request = 0; request < 50; request += 1) report(publicId);
  clock.set(clock.nowMs() + 1000);
  report(undefined);
  expect(counted).toBe(51);
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    { level: 'WARN', message: 'security.key-refused', requests: 1, accessKeyId: publicId },
    { level: 'WARN', message: 'security.key-refused', requests: 50 },
  ]);
});
