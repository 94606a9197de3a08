import { describe, expect, test } from 'vitest';
import { describeErrors } from '../../../lib/core/error-description.ts';
import { Failure } from '../../../lib/core/failure.ts';
import { ServiceError } from '../../../lib/core/service-error.ts';

function thrownBy(act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    return error;
  }
}

describe('an error', () => {
  test('is described by name, message and the frames of its stack', () => {
    const [described] = describeErrors(new TypeError('x is not a function'));
    expect(described).toMatchObject({ name: 'TypeError', message: 'x is not a function' });
    expect(described?.stack).toMatch(/^\s+at .*error-description\.test\.ts/);
    expect(described?.stack).not.toContain('x is not a function');
  });

  test('has one frame of its stack on each line', () => {
    const error = new Error('known frames');
    error.stack = 'Error: known frames\n    at one (file:1:1)\n    at two (file:2:2)';
    expect(describeErrors(error)[0]?.stack).toBe('    at one (file:1:1)\n    at two (file:2:2)');
  });

  test('does not show the message that it was made with when another has replaced it', () => {
    const error = new Error('replaced');
    error.stack = 'Error: canary at home\n    at one (file:1:1)';
    expect(JSON.stringify(describeErrors(error))).not.toContain('canary');
  });

  test('of the control API is described by the name of its class', () => {
    expect(describeErrors(new ServiceError('InternalException', 'No.'))[0]?.name).toBe('ServiceError');
  });

  test('comes before its causes, the outermost first', () => {
    const cause = new Failure('StoreUnavailable', 'second', { cause: new Error('third') });
    const messages = describeErrors(new Error('first', { cause })).map(({ name, message }) => [name, message]);
    expect(messages).toEqual([
      ['Error', 'first'],
      ['Failure', 'second'],
      ['Error', 'third'],
    ]);
  });

  test('that is its own cause, at last, is described a bounded number of times', () => {
    const circle = new Error('circle');
    circle.cause = new Error('other', { cause: circle });
    expect(describeErrors(circle)).toHaveLength(5);
  });

  test('without a stack has none', () => {
    const error = new Error('bare');
    delete error.stack;
    expect(describeErrors(error)).toEqual([{ name: 'Error', message: 'bare', stack: '' }]);
  });

  test('shows none of its other members', () => {
    const error = Object.assign(new Error('refused'), { $response: 'canary', data: 'canary' });
    expect(JSON.stringify(describeErrors(error))).not.toContain('canary');
  });
});

describe('an error of JSON.parse', () => {
  test.each(['canary', '{"a": canary', '{"a":\n    at canary (file:1:1)'])('does not show that it read %j', (text) => {
    const described = describeErrors(thrownBy(() => JSON.parse(text)));
    expect(described[0]).toMatchObject({ name: 'SyntaxError', message: 'Not shown: it may quote what was parsed.' });
    expect(JSON.stringify(described)).not.toContain('canary');
    expect(described[0]?.stack).toContain('error-description.test.ts');
  });

  test('does not show it as a cause either', () => {
    const error = new Error('outer', { cause: thrownBy(() => JSON.parse('canary')) });
    expect(JSON.stringify(describeErrors(error))).not.toContain('canary');
  });
});

test.each(['canary', 7, null, { message: 'canary' }])('what is no Error (%j) is not shown', (thrown) => {
  expect(describeErrors(thrown)).toEqual([
    { name: typeof thrown, message: 'Something that is no Error was thrown.', stack: '' },
  ]);
});
