import { expect, test } from 'vitest';
import { fieldErrorsIn, pathOf, violationsIn } from '../../../lib/console/page/data/field-errors.ts';

test('each violation of the service model belongs to the field that it names', () => {
  const message =
    "2 validation errors detected: Value 'a b' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+; " +
    "Value at 'authParameters.basicAuthParameters.password' failed to satisfy constraint: Member must have length greater than or equal to 1";
  const fields = fieldErrorsIn('ValidationException', message);
  expect(fields.get(pathOf('Name'))).toBe('Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+');
  expect(fields.get(pathOf('AuthParameters.BasicAuthParameters.Password'))).toMatch(/^Member must have length/);
});

test('a refused parameter in a list belongs to its row, whether the service counts from 0 or from 1', () => {
  const path = 'AuthParameters.OAuthParameters.OAuthHttpParameters.HeaderParameters[1].Key';
  const message = `Failed to create the connection(s). Parameter ${path} is not valid. Reason: It is not a valid HTTP header name.`;
  expect(fieldErrorsIn('ValidationException', message).get(pathOf(path))).toBe('It is not a valid HTTP header name.');
  const violated = `1 validation error detected: Value '' at 'authParameters.oAuthParameters.oAuthHttpParameters.headerParameters.2.member.key' failed to satisfy constraint: Member must not be null`;
  expect(fieldErrorsIn('ValidationException', violated).get(pathOf(path))).toBe('Member must not be null');
});

test('a name that exists already is the problem of the field Name', () => {
  const message = "Failed to create the connection(s). Connection 'crm' already exists.";
  expect(fieldErrorsIn('ResourceAlreadyExistsException', message).get('name')).toBe(message);
});

test('the refusals of API keys belong to the fields of their form', () => {
  const tooLong = 'Parameter description must have at most 1024 characters.';
  expect(fieldErrorsIn('BadRequestException', tooLong).get('description')).toBe('must have at most 1024 characters.');
  const outOfBounds = 'API key must be valid for a maximum of 365 days.';
  expect(fieldErrorsIn('ApiKeyValidityOutOfBoundsException', outOfBounds).get('expires')).toBe(outOfBounds);
});

test('a member with two violations is listed once, with the last one', () => {
  const message =
    "3 validation errors detected: Value '' at 'name' failed to satisfy constraint: Member must satisfy a pattern; " +
    "Value '' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 1; " +
    "Value at 'authParameters' failed to satisfy constraint: Member must not be null";
  expect(violationsIn(message)).toEqual([
    { path: 'name', text: 'Member must have length greater than or equal to 1' },
    { path: 'authParameters', text: 'Member must not be null' },
  ]);
});

test('an error that names no field belongs to no field', () => {
  expect([...fieldErrorsIn('LimitExceededException', 'The quota of 3000 connections has been reached.')]).toEqual([]);
});
