import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { eventsModel, lastmileModel } from '../../../../lib/protocol/model/service-models.ts';
import { matcherOf, printedMatcherOf } from '../../../../lib/protocol/model/patterns.ts';
import type { ServiceModel } from '../../../../lib/protocol/model/service-model.ts';
import { partsOf, shapeOf } from '../../../../lib/protocol/model/service-model.ts';

/** All patterns that the service models use for members of inputs. */
const patterns = [...new Set([eventsModel, lastmileModel].flatMap(patternsOf))];

function patternsOf(model: ServiceModel): readonly string[] {
  const reachableFrom = (name: string): readonly string[] => [
    name,
    ...partsOf(shapeOf(model, name)).flatMap(reachableFrom),
  ];
  return Object.values(model.operations)
    .flatMap((operation) => reachableFrom(operation.input))
    .map((name) => shapeOf(model, name))
    .flatMap((shape) => (shape.type === 'string' && shape.pattern !== undefined ? [shape.pattern] : []));
}

/** Texts that some pattern accepts. Small changes of them test the limits of every pattern. */
const examples = [
  'arn:aws:events:us-east-1:123456789012:connection/a.b/0-f',
  'arn:aws-cn:events::123456789012:connection/a/1',
  'arn:aws:events:us-east-1::connection/a/1',
  'arn:aws:events:us-east-1:123456789012:event-bus/default',
  'arn:aws:secretsmanager:us-east-1:123456789012:secret:a',
  'http://proxy.example:3128/',
  '*.example.com',
  '$.a[0][*].b-c',
  'https://a.example/p?q=%41&r=*',
  'aws.partner/a.b/c',
  'a b:\tc',
  'a-b--c',
  'name.with-all_of',
  ' \t printable \t ',
  '\u00e9\u2003x',
  '',
];

const unit = fc.constantFrom(...' \t\n\ra0-_.:/%[]*$!~é\u0000\u007f\u2028'.split(''), '\u{1f600}');
const shortText = fc.oneof(
  fc.string({ unit, maxLength: 10 }),
  fc
    .tuple(fc.constantFrom(...examples), fc.nat(60), fc.nat(2), fc.string({ unit, maxLength: 3 }))
    .map(([example, at, drop, insert]) => example.slice(0, at) + insert + example.slice(at + drop)),
);

describe('the patterns of the service model', () => {
  test('the service models have more than twenty patterns to test', () => {
    expect(patterns.length).toBeGreaterThan(20);
  });

  test.each(patterns)('the linear-time form of the pattern %s accepts the same texts as the pattern', (pattern) => {
    const [runs, printed] = [matcherOf(pattern), printedMatcherOf(pattern)];
    expect(examples.filter((text) => runs.test(text))).toEqual(examples.filter((text) => printed.test(text)));
    fc.assert(
      fc.property(shortText, (text) => runs.test(text) === printed.test(text)),
      { numRuns: 3000 },
    );
  });

  // With exponential or quadratic backtracking this test would time out.
  test.each(patterns)('matching the pattern %s takes linear time', (pattern) => {
    const runs = matcherOf(pattern);
    const units = [...' \t\na0-_.:/%*é'.split(''), 'a ', 'a\t', ' \ta', '-a', '/a', '.a', '%41', '[0]', '*/', 'a-a-'];
    const heads = ['', 'a', '$', 'aws.partner/a', 'arn:aws', 'arn:aws:events:us-east-1:123456789012:connection/'];
    let judged = 0;
    for (const head of heads) {
      for (const repeated of units) {
        for (const tail of ['', '\u0000', '!\n', '#é:']) {
          const text = head + repeated.repeat(Math.ceil(65_536 / repeated.length)) + tail;
          expect(typeof runs.test(text)).toBe('boolean');
          judged += 1;
        }
      }
    }
    expect(judged).toBe(heads.length * units.length * 4);
  });

  test.each(patterns)('matching the pattern %s against a text of 4 MiB does not exhaust the stack', (pattern) => {
    const runs = matcherOf(pattern);
    for (const repeated of ['a', ' ', '%41', '/a', '-a', '.a', '.a[0]']) {
      const text = repeated.repeat(4_194_304 / repeated.length);
      for (const head of ['', '$', '$.a', 'aws.partner', 'arn:aws:events:']) {
        expect(() => runs.test(`${head}${text}\u0000`)).not.toThrow();
      }
    }
  });

  test('a pattern without a linear-time form is refused', () => {
    expect(() => matcherOf('(a+)+')).toThrow('(a+)+');
    expect(() => matcherOf('constructor')).toThrow('constructor');
  });
});
