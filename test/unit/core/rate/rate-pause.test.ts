import { expect, test } from 'vitest';
import { unknownHealth } from '../../../../lib/core/health/health.ts';
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

test.each([
  [
    'the first pause of a bucket keeps the end of the slots, to which a changed destination goes back',
    { slotsUntilUs: at(300) },
    true,
  ],
  [
    'a pause after slots that follow a former pause keeps the end of these slots',
    { slotsUntilUs: at(300), health: { ...unknownHealth, pauseEndUs: at(200) } },
    true,
  ],
  [
    'a pause that makes a pause longer does not replace the kept end of the slots by the end of the former pause',
    { slotsUntilUs: at(300), health: { ...unknownHealth, pauseEndUs: at(300) } },
    undefined,
  ],
  [
    'a pause after a pause that has ended keeps the end of the slots, because slots may have been given away since',
    { slotsUntilUs: at(-300), health: { ...unknownHealth, pauseEndUs: at(-300) } },
    true,
  ],
  [
    'a pause during an open circuit does not replace the end of the slots that the circuit has kept',
    { slotsUntilUs: at(300), health: { ...unknownHealth, openedAtUs: at(-300) } },
    undefined,
  ],
])('%s', (_name, bucket, keepsSlotsBefore) => {
  expect(pauseWrite({ ...restedBucket, ...bucket }, at(30_000), nowUs, 3).keepsSlotsBefore).toBe(keepsSlotsBefore);
});

test('a pause that makes a pause longer is refused when slots behind the former pause have been given away', () => {
  const paused = { ...restedBucket, slotsUntilUs: at(300), health: { ...unknownHealth, pauseEndUs: at(300) } };
  expect(pauseWrite(paused, at(30_000), nowUs, 3).where).toContainEqual({ of: 'slots', is: 'equalTo', than: at(300) });
});
