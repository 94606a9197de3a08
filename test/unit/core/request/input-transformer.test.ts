import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { InputTransformer } from '../../../../lib/core/delivery/delivery.ts';
import { compileInputTemplate } from '../../../../lib/core/request/input-template.ts';
import type { TransformerSource } from '../../../../lib/core/request/input-transformer.ts';
import { transformInput } from '../../../../lib/core/request/input-transformer.ts';
import type { JsonObject } from '../../../../lib/core/input/json.ts';
import { failureOf } from '../failure/failing.ts';

const value: JsonObject = {
  version: '0',
  id: 'e1',
  'detail-type': 'Order placed',
  source: 'shop',
  resources: [],
  detail: {
    order: '17-a',
    customer: { name: 'Ada', tags: ['vip'] },
    one: ['HIGH'],
    two: ['ACTIVE', 'INACTIVE'],
    paid: true,
    total: 12.5,
    zero: 0,
    none: null,
    quote: 'say "hi" \\ there\nbye',
  },
};

const source: TransformerSource = {
  event: { value },
  rule: 'arn:aws:events:eu-west-1:123456789012:rule/orders-bus/big-orders',
  firstReceivedAtMs: Date.parse('2026-11-20T10:20:30.456Z'),
};

const paths = {
  order: '$.detail.order',
  customer: '$.detail.customer',
  one: '$.detail.one',
  two: '$.detail.two',
  paid: '$.detail.paid',
  total: '$.detail.total',
  zero: '$.detail.zero',
  none: '$.detail.none',
  quote: '$.detail.quote',
  absent: '$.detail.absent',
  'dash-ed_1': '$.source',
};

function transform(template: string, from: TransformerSource = source): string {
  return transformInput({ InputPathsMap: paths, InputTemplate: template }, from);
}

describe('a JSON template', () => {
  test.each([
    ['{"order": <order>, "by": <customer>}', '{"order": "17-a", "by": {"name":"Ada","tags":["vip"]}}'],
    ['{"path": "orders/<order>/of/<order>"}', '{"path": "orders/17-a/of/17-a"}'],
    ['{"list": [<order>, "fixed", <one>]}', '{"list": ["17-a", "fixed", ["HIGH"]]}'],
    ['{"a": <paid>, "b": <total>, "c": <zero>, "d": <none>}', '{"a": true, "b": 12.5, "c": 0, "d": null}'],
    ['{"a": "<paid> <total> <zero>"}', '{"a": "true 12.5 0"}'],
    ['{"source": <dash-ed_1>}', '{"source": "shop"}'],
    ['[<order>]', '["17-a"]'],
    ['<customer>', '{"name":"Ada","tags":["vip"]}'],
    ['  {"a": {"b": {"c": "<order>"} } }', '  {"a": {"b": {"c": "17-a"} } }'],
    ['42', '42'],
  ])('the JSON template %s gives %s', (template, body) => {
    expect(transform(template)).toBe(body);
  });

  test('a path that finds nothing gives an empty string, in and out of quotes', () => {
    expect(transform('{"a": <absent>, "b": "<absent>"}')).toBe('{"a": "", "b": ""}');
  });

  test('a quoted placeholder whose value is an object or a list is refused by name', () => {
    const reason = 'in quotes, but its value is an object or a list: remove the quotes.';
    expect(failureOf(() => transform('{"a": "<customer>"}'))).toContain(`the placeholder customer ${reason}`);
    expect(failureOf(() => transform('{"a": "<one>"}'))).toContain(`the placeholder one ${reason}`);
    expect(failureOf(() => transform('{"a": "see <aws.events.event.json>"}'))).toContain(reason);
  });

  test('a quote in an event cannot end the string that it is printed into', () => {
    const body = transform('{"note": "<quote>", "raw": <quote>, "deep": "\\"<quote>\\""}');
    const text = 'say "hi" \\ there\nbye';
    expect(JSON.parse(body)).toEqual({ note: text, raw: text, deep: `"${text}"` });
  });
});

describe('a text template', () => {
  test.each([
    ['"Order <order> is paid: <paid>"', '"Order 17-a is paid: true"'],
    ['"<customer> ordered"', '"{name:Ada,tags:[vip]} ordered"'],
    ['"<one> and <two>"', '"[HIGH] and [ACTIVE,INACTIVE]"'],
    ['"from <absent>!"', '"from !"'],
    ['"{[/ looks like JSON: <order>"', '"{[/ looks like JSON: 17-a"'],
    ['"<one> first"\n"<order> second"\n', '"[HIGH] first"\n"17-a second"\n'],
    ['"order \\"<order>\\""', '"order \\"17-a\\""'],
  ])('the text template %j gives %j, with its quotes', (template, body) => {
    expect(transform(template)).toBe(body);
  });

  test('a text template stays a JSON string whatever values are printed into it', () => {
    expect(JSON.parse(transform('"note: <quote>"'))).toBe('note: say "hi" \\ there\nbye');
  });
});

describe('reserved placeholders', () => {
  test('the reserved placeholders of the rule and the time are text', () => {
    expect(transform('"<aws.events.rule-name> of <aws.events.rule-arn> at <aws.events.event.ingestion-time>"')).toBe(
      `"big-orders of ${source.rule} at 2026-11-20T10:20:30Z"`,
    );
  });

  test('the reserved event placeholder leaves out detail, and the event.json placeholder is the whole event', () => {
    const body = transform('{"head": <aws.events.event>, "all": <aws.events.event.json>}');
    expect(JSON.parse(body)).toEqual({
      head: { version: '0', id: 'e1', detailType: 'Order placed', source: 'shop', resources: [] },
      all: value,
    });
  });

  test("the event.json placeholder prints the event's own text when that text is known", () => {
    const text = '{"id": "e1", "n": 12345678901234567890, "f": 1.0}';
    const event = { value: JSON.parse(text) as JsonObject, text };
    expect(transform('{"all": <aws.events.event.json>}', { ...source, event })).toBe(`{"all": ${text}}`);
  });

  test('the rule placeholder is an empty string when the rule is not known', () => {
    const { event, firstReceivedAtMs } = source;
    expect(transform('{"rule": <aws.events.rule-name>}', { event, firstReceivedAtMs })).toBe('{"rule": ""}');
  });

  test('no entry of InputPathsMap overrides a reserved placeholder', () => {
    const transformer = {
      InputPathsMap: { 'aws.events.rule-name': '$.source' },
      InputTemplate: '<aws.events.rule-name>',
    };
    expect(transformInput(transformer, source)).toBe('"big-orders"');
  });
});

describe('a template that travels in a rule', () => {
  test("a template inside a rule's input template may use double braces for its placeholders", () => {
    expect(transform('{"order":{{order}},"in":{"by":{{customer}}}}')).toBe(
      '{"order":"17-a","in":{"by":{"name":"Ada","tags":["vip"]}}}',
    );
    expect(transform('"{{order}} by {{aws.events.rule-name}}"')).toBe('"17-a by big-orders"');
    expect(transform('{{customer}}')).toBe('{"name":"Ada","tags":["vip"]}');
  });
});

describe('what is refused', () => {
  test.each(['"<unknown>"', '{"a": <unknown>}', '{"a": "{{unknown}}"}'])(
    'the template %s is refused, and the error names its unknown placeholder',
    (template) => {
      expect(failureOf(() => transform(template))).toBe(
        'InvalidInvocation: target.InputTransformer.InputTemplate contains invalid placeholder unknown: ' +
          'InputPathsMap does not define it.',
      );
    },
  );

  test.each(['<constructor>', '<__proto__>', '<toString>'])(
    'the placeholder %s is refused as unknown, although every object inherits a member of that name',
    (template) => {
      expect(failureOf(() => transform(template))).toContain('contains invalid placeholder');
    },
  );

  test.each([
    'Hello <order>',
    '{"a": <order>',
    '{<order>: 1}',
    '{"a": 1<order>}',
    '"a" <order>',
    '"\\<order>"',
    '  ',
    '{"a": "<order>}',
  ])('the template %j is refused because it is neither JSON nor quoted text', (template) => {
    expect(failureOf(() => transform(template))).toContain(
      'must be JSON or quoted text once its placeholders are filled',
    );
  });

  test('a malformed path in InputPathsMap is refused, and the error names its placeholder', () => {
    const transformer = { InputPathsMap: { a: 'detail.a' }, InputTemplate: '{"a": <a>}' };
    expect(failureOf(() => transformInput(transformer, source))).toBe(
      'InvalidInvocation: target.InputTransformer.InputPathsMap.a is not a JSON path.',
    );
  });

  test('a template that inserts a large event many times is refused at the size limit', () => {
    const event = { value: { detail: 'x'.repeat(1024 * 1024) } };
    const template = `[${Array.from({ length: 300 }, () => '<aws.events.event.json>').join(',')}]`;
    expect(failureOf(() => transform(template, { ...source, event }))).toContain('more than 8 MiB');
  });
});

test('less-than signs and braces around anything but a placeholder name are plain text', () => {
  expect(transform('{"a": "1 < 2 > 0, {{ }} and < order >"}')).toBe('{"a": "1 < 2 > 0, {{ }} and < order >"}');
});

test('a template that is used again is not compiled again', () => {
  expect(compileInputTemplate('{"a": <order>}')).toBe(compileInputTemplate('{"a": <order>}'));
});

const jsonObjects = fc.dictionary(fc.string(), fc.jsonValue()).map((object) => object as JsonObject);

test('a JSON template filled with any event is JSON that contains the values', () => {
  const transformer: InputTransformer = {
    InputPathsMap: { a: '$.a', list: '$.detail[*]' },
    InputTemplate: '{"a": <a>, "l": [<list>, <aws.events.event>], "all": <aws.events.event.json>}',
  };
  fc.assert(
    fc.property(fc.jsonValue(), jsonObjects, (a, rest) => {
      const event = { ...rest, a } as JsonObject;
      const body = JSON.parse(transformInput(transformer, { ...source, event: { value: event } }));
      expect(body.a).toEqual(JSON.parse(JSON.stringify(a)));
      expect(JSON.stringify(body.all)).toBe(JSON.stringify(event));
    }),
  );
});

test('any text that a template prints into quotes is read back unchanged', () => {
  const transformer: InputTransformer = { InputPathsMap: { a: '$.a' }, InputTemplate: '{"t": "-<a>-", "u": 1}' };
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (a) => {
      const body = JSON.parse(transformInput(transformer, { ...source, event: { value: { a } } }));
      expect(body).toEqual({ t: `-${a}-`, u: 1 });
    }),
  );
});

test('any template is filled or refused with a Failure', () => {
  const template = fc
    .array(fc.constantFrom('"', '{', '}', '<', '>', 'a', '<a>', '{{a}}', ':', ',', '\\', '\n', '[', ']', '1'), {
      maxLength: 20,
    })
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(template, fc.jsonValue(), (text, a) => {
      const event = { value: { a } as JsonObject };
      const act = (): string =>
        transformInput({ InputPathsMap: { a: '$.a' }, InputTemplate: text }, { ...source, event });
      expect(failureOf(act)).toMatch(/^(no failure|InvalidInvocation: )/);
    }),
  );
});

test("a rule's input template fills <name> and leaves {{name}} to the template inside it", () => {
  const transformer = {
    InputPathsMap: { order: '$.detail.order' },
    InputTemplate: '{"event": <aws.events.event.json>, "inner": "{\\"id\\": {{order}}}", "id": <order>}',
  };
  const text = '{"detail":{"order":1.0}}';
  const event = { value: { detail: { order: 1 } }, text };
  expect(transformInput(transformer, { ...source, event }, 'rule')).toBe(
    `{"event": ${text}, "inner": "{\\"id\\": {{order}}}", "id": 1.0}`,
  );
  expect(transformInput(transformer, { ...source, event })).toContain('{\\"id\\": 1.0}');
});
