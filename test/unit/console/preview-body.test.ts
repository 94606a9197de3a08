import { expect, test } from 'vitest';
import type { JsonObject } from '../../../lib/core/input/json.ts';
import { previewBody } from '../../../lib/console/door/preview-body.ts';

const Event = '{"id":"e-1","time":"2026-03-04T10:30:01Z","detail":{"total":1.10,"name":"a \\"b\\""}}';

test.each<[what: string, target: JsonObject, body: string]>([
  ['without a way of its own is the text of the event', {}, Event],
  ['with an input path is the value at the path', { InputPath: '$.detail.total' }, '1.10'],
  ['with a constant is the constant', { Input: '{"a": 1}' }, '{"a": 1}'],
  [
    'with an input transformer is the filled template, with escaped strings',
    { InputTransformer: { InputPathsMap: { name: '$.detail.name' }, InputTemplate: '{"name": "<name>"}' } },
    '{"name": "a \\"b\\""}',
  ],
  [
    'with reserved placeholders has the rule, and the time of the event as the time of its arrival',
    { InputTransformer: { InputTemplate: '[<aws.events.rule-name>, <aws.events.event.ingestion-time>]' } },
    '["paid", "2026-03-04T10:30:01Z"]',
  ],
])('the preview of a target %s', (_what, Target, Body) => {
  const RuleArn = 'arn:aws:events:us-east-1:123456789012:rule/paid';
  expect(previewBody({ Event, Target, RuleArn })).toEqual({ output: { Body } });
});

test('the preview says what is wrong with an event that is not a JSON object', () => {
  const message = 'Parameter Event is not valid. Reason: It must be a JSON object.';
  for (const text of ['[1]', '{', ''])
    expect(previewBody({ Event: text, Target: {} })).toEqual({ error: { code: 'ValidationException', message } });
  expect(previewBody({ Target: {} })).toEqual({ error: { code: 'ValidationException', message } });
});

test('the preview says why a worker could not make a body', () => {
  expect(previewBody({ Event, Target: { InputPath: '$.detail.nothing' } })).toEqual({
    error: { code: 'InvalidInvocation', message: 'target.InputPath finds nothing in the event.' },
  });
});
