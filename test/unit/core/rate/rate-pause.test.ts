import { expect, test } from 'vitest';
import { pauseWrite } from '../../../../lib/core/rate/bucket.ts';
import { at, nowUs, restedBucket } from '../../../contract/dynamodb/rate-requests.ts';

test.each([
  ['a pause gives away every slot until its end and leaves the return times as they are', at(30_000), at(30_000)],
  ['a pause that an endpoint asks for ends after at most 900 s', at(900_000) + 1, at(900_000)],
])('%s', (_name, untilUs, givenUntilUs) => {
  expect(pauseWrite(restedBucket, untilUs, nowUs, 3)).toEqual({
    slots: { from: givenUntilUs, byUs: 0 },
    keepsSlotsBefore: true,
    health: { set: { pauseEndUs: givenUntilUs } },
    where: [
      { of: 'slots', is: 'below', than: givenUntilUs },
      { of: 'pauseEndUs', is: 'equalTo', than: 0 },
      { of: 'openedAtUs', is: 'equalTo', than: 0 },
    ],
    orAbsent: true,
    revision: 3,
    expiresAtSeconds: Date.UTC(2026, 0, 2, 0, 15) / 1000,
  });
});

test('a paused bucket is kept until a day after the longest pause, in whole seconds', () => {
  expect(pauseWrite(restedBucket, at(30_000), nowUs + 1, 3).expiresAtSeconds).toBe(
    Date.UTC(2026, 0, 2, 0, 15) / 1000 + 1,
  );
});
