import { describe, expect, test } from 'vitest';
import { Failure, describeErrors } from '../../../../lib/core/failure/failure.ts';
import { ServiceError } from '../../../../lib/core/failure/service-error.ts';

function thrownBy(act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    return error;
  }
}

describe('an error', () => {
  test('an error is described by its name, message and stack frames', () => {
    const [described] = describeErrors(new TypeError('x is not a function'));
    expect(described).toMatchObject({ name: 'TypeError', message: 'x is not a function' });
    expect(described?.stack).toMatch(/^\s+at .*error-description\.test\.ts/);
    expect(described?.stack).not.toContain('x is not a function');
  });

  test('the description of an error has one frame of its stack on each line', () => {
    const error = new Error('known frames');
    error.stack = 'Error: known frames\n    at one (file:1:1)\n    at two (file:2:2)';
    expect(describeErrors(error)[0]?.stack).toBe('    at one (file:1:1)\n    at two (file:2:2)');
  });

  test('the description of an error does not show a message that was replaced later', () => {
    const error = new Error('replaced');
    error.stack = 'Error: canary at home\n    at one (file:1:1)';
    expect(JSON.stringify(describeErrors(error))).not.toContain('canary');
  });

  test('an error of the control API is described by its class name', () => {
    expect(describeErrors(new ServiceError('InternalException', 'No.'))[0]?.name).toBe('ServiceError');
  });

  test('the description of an error begins with the error itself, followed by its causes in order', () => {
    const cause = new Failure('StoreUnavailable', 'second', { cause: new Error('third') });
    const messages = describeErrors(new Error('first', { cause })).map(({ name, message }) => [name, message]);
    expect(messages).toEqual([
      ['Error', 'first'],
      ['Failure', 'second'],
      ['Error', 'third'],
    ]);
  });

  test('the description of an error that is its own cause comes to an end', () => {
    const circle = new Error('circle');
    circle.cause = new Error('other', { cause: circle });
    expect(describeErrors(circle)).toHaveLength(5);
  });

  test('an error without a stack is described by its name and message', () => {
    const error = new Error('bare');
    delete error.stack;
    expect(describeErrors(error)).toEqual([{ name: 'Error', message: 'bare', stack: '' }]);
  });

  test('the description of an error does not show members that were added to the error', () => {
    const error = Object.assign(new Error('refused'), { $response: 'canary', data: 'canary' });
    expect(JSON.stringify(describeErrors(error))).not.toContain('canary');
  });
});

describe('an error of JSON.parse', () => {
  test.each(['canary', '{"a": canary', '{"a":\n    at canary (file:1:1)'])(
    'the description of a JSON.parse error does not show the parsed text %j',
    (text) => {
      const described = describeErrors(thrownBy(() => JSON.parse(text)));
      expect(described[0]).toMatchObject({ name: 'SyntaxError', message: 'Not shown: it may quote what was parsed.' });
      expect(JSON.stringify(described)).not.toContain('canary');
      expect(described[0]?.stack).toContain('error-description.test.ts');
    },
  );

  test('the description of an error caused by JSON.parse does not show the parsed text', () => {
    const error = new Error('outer', { cause: thrownBy(() => JSON.parse('canary')) });
    expect(JSON.stringify(describeErrors(error))).not.toContain('canary');
  });
});

test.each(['canary', 7, null, { message: 'canary' }])(
  'the thrown value %j, which is not an Error, is described without its content',
  (thrown) => {
    expect(describeErrors(thrown)).toEqual([
      { name: typeof thrown, message: 'A value that is not an Error was thrown.', stack: '' },
    ]);
  },
);
