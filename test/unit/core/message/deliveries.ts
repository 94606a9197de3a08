import fc from 'fast-check';
import type { Delivery, DeliveryTarget } from '../../../../lib/core/delivery/delivery.ts';
import { objectTexts } from '../input/json-texts.ts';

export const nowMs = 1_790_000_000_000;

const names = fc.stringMatching(/^[.\-_A-Za-z0-9]{1,64}$/);
const arns = names.map((name) => `arn:aws:events:eu-west-1:123456789012:api-destination/${name}/11111111-2222`);
const times = fc.integer({ min: 0, max: 8_000_000_000_000 });
const anyText = fc.string({ unit: 'binary', maxLength: 20 });
const printable = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });

function some<Members extends object>(members: { [Key in keyof Members]: fc.Arbitrary<Members[Key]> }) {
  return fc.record(members, { requiredKeys: [] }) as fc.Arbitrary<Partial<Members>>;
}

const waysOfInput: fc.Arbitrary<DeliveryTarget> = fc.oneof(
  fc.constant({}),
  anyText.map((Input) => ({ Input })),
  anyText.map((InputPath) => ({ InputPath })),
  fc
    .record(
      {
        InputTemplate: fc.string({ unit: 'binary', minLength: 1, maxLength: 30 }),
        InputPathsMap: fc.dictionary(fc.stringMatching(/^[A-Za-z0-9_-]{1,9}$/), anyText),
      },
      { requiredKeys: ['InputTemplate'] },
    )
    .map((InputTransformer) => ({ InputTransformer })),
);

const settings: fc.Arbitrary<DeliveryTarget> = some({
  Id: names,
  Arn: printable,
  HttpParameters: some({
    PathParameterValues: fc.array(fc.constantFrom('$.detail.id', 'a/b', '😀')),
    HeaderParameters: fc.dictionary(fc.stringMatching(/^[A-Za-z0-9-]{1,9}$/), fc.stringMatching(/^[\x21-\x7e]{1,9}$/)),
    QueryStringParameters: fc.dictionary(printable, printable),
  }),
  RetryPolicy: some({
    MaximumRetryAttempts: fc.integer({ min: 0, max: 185 }),
    MaximumEventAgeInSeconds: fc.integer({ min: 60, max: 86_400 }),
  }),
  DeadLetterConfig: some({ Arn: printable }),
});

const targets = fc.tuple(waysOfInput, settings).map(([way, more]): DeliveryTarget => ({ ...way, ...more }));

/** Any delivery that a message can hold, with or without the event's original text. */
export const deliveries: fc.Arbitrary<Delivery> = fc
  .record(
    {
      apiDestination: fc.oneof(names, arns),
      eventText: objectTexts,
      hasText: fc.boolean(),
      rule: printable,
      target: targets,
      attempts: fc.integer({ min: 0, max: 200 }),
      postponements: fc.integer({ min: 0, max: 10_000 }),
      attemptTimes: fc.record({ firstMs: times, lastMs: times }),
      firstReceivedAtMs: times,
      form: fc.constantFrom('text', 'bytes'),
      eventId: fc.stringMatching(/^[!-~]{1,128}$/),
      replay: fc.constantFrom('', 'audit'),
    },
    {
      requiredKeys: [
        'apiDestination',
        'eventText',
        'hasText',
        'target',
        'attempts',
        'postponements',
        'firstReceivedAtMs',
      ],
    },
  )
  .map(({ eventText: { text }, hasText, form, ...rest }): Delivery => {
    if (form !== undefined) return { ...rest, event: { value: Buffer.from(text).toString('base64'), form } };
    const value: Delivery['event']['value'] = JSON.parse(text);
    return { ...rest, event: hasText ? { value, text } : { value } };
  });

/** A delivery with only the required members. */
export function deliveryOf(members: Partial<Delivery> = {}): Delivery {
  return {
    apiDestination: 'orders',
    event: { value: { id: 'e-1' }, text: '{"id": "e-1"}' },
    target: {},
    attempts: 0,
    postponements: 0,
    firstReceivedAtMs: nowMs,
    ...members,
  };
}
