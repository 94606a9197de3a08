import { expect, test } from 'vitest';
import { OperationError } from '../../../lib/console/page/data/call.ts';
import { pathOf } from '../../../lib/console/page/data/field-errors.ts';
import { checkTarget, emptyRule, putTargetsInput, stepOf } from '../../../lib/console/page/rules/rule-draft.ts';

const draft = { ...emptyRule('{}'), name: 'paid', destinationArn: 'arn:aws:events:x:1:api-destination/orders/1' };

test.each<[string, OperationError, number]>([
  ['a name that exists', new OperationError('ResourceAlreadyExistsException', 'It exists.', 'PutRule'), 0],
  ['a pattern that is not valid', new OperationError('InvalidEventPatternException', 'Not JSON', 'PutRule'), 1],
  ['a target that is not valid', new OperationError('ValidationException', 'Not a target', 'PutTargets'), 2],
  ['a connection that is not valid', new OperationError('ValidationException', 'Not a name', 'CreateConnection'), 2],
  ['a fault of the page', new OperationError('Unexpected', 'The page failed.'), 3],
])('the wizard shows %s in the step with its field', (_what, error, step) => {
  expect(stepOf(error)).toBe(step);
});

test.each([
  ['JSON syntax error in input for target a.', 'Targets[0].Input'],
  ['InputPath for target a is invalid.', 'Targets[0].InputPath'],
  ['InputTemplate for target a contains invalid placeholder b.', 'Targets[0].InputTransformer.InputTemplate'],
])('the refusal "%s" belongs to the field %s', (message, path) => {
  const { fields } = new OperationError('ValidationException', message, 'PutTargets');
  expect([...fields]).toEqual([[pathOf(path), message]]);
});

test('a rule without an API destination, or with input paths that are not JSON paths, is refused before anything is made', () => {
  expect(() => checkTarget({ ...draft, destinationArn: '' }, false)).toThrow('Choose an API destination');
  expect(() => checkTarget({ ...draft, destinationArn: '' }, true)).not.toThrow();
  for (const paths of ['{', '[]', '"a"', 'null', '{"a": 1}'])
    expect(() => checkTarget({ ...draft, inputKind: 'transformer', paths }, false)).toThrow(
      'each value is a JSON path',
    );
  expect(() => checkTarget({ ...draft, inputKind: 'event', paths: '{' }, false)).not.toThrow();
});

test('a target has only the members that were entered, and numbers as numbers', () => {
  expect(putTargetsInput(draft, 'arn').Targets).toEqual([{ Id: 'api-destination', Arn: 'arn' }]);
  const full = { maximumRetryAttempts: '3', maximumEventAgeSeconds: 'x', deadLetterArn: 'queue', paths: '' };
  expect(putTargetsInput({ ...draft, ...full, inputKind: 'transformer', template: '1' }, 'arn').Targets).toEqual([
    {
      Id: 'api-destination',
      Arn: 'arn',
      InputTransformer: { InputPathsMap: {}, InputTemplate: '1' },
      DeadLetterConfig: { Arn: 'queue' },
      RetryPolicy: { MaximumRetryAttempts: 3, MaximumEventAgeInSeconds: 'x' },
    },
  ]);
});
