import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../../../../lib/core/input/json.ts';
import { ServiceError } from '../../../../lib/core/failure/service-error.ts';
import { readEventsInput } from '../../../../lib/protocol/model/events-input.ts';
import { eventsModel } from '../../../../lib/protocol/model/service-models.ts';

const namePattern = '[\\.\\-_A-Za-z0-9]+';
const credentialPattern = '^[ \\t]*[^\\x00-\\x1F:\\x7F]+([ \\t]+[^\\x00-\\x1F:\\x7F]+)*[ \\t]*$';
const basic = { BasicAuthParameters: { Username: 'ann', Password: 'canary-password' } };
const connection = { Name: 'orders', AuthorizationType: 'BASIC', AuthParameters: basic };

function refusalOf(operation: string, body: JsonValue): ServiceError {
  try {
    readEventsInput(operation, body);
  } catch (error) {
    if (error instanceof ServiceError) return error;
    throw error;
  }
  throw new Error(`${operation} accepted the input.`);
}

function oauth(httpMethod: JsonValue): JsonValue {
  const parameters = {
    ClientParameters: { ClientID: 'id', ClientSecret: 'canary-secret' },
    AuthorizationEndpoint: 'https://login.example/token',
    HttpMethod: httpMethod,
  };
  return { Name: 'o', AuthorizationType: 'OAUTH_CLIENT_CREDENTIALS', AuthParameters: { OAuthParameters: parameters } };
}

describe('texts that the service was recorded to answer', () => {
  test('the error for an unknown authorization type lists the valid ones in the order of the service', () => {
    const refusal = refusalOf('CreateConnection', { ...connection, AuthorizationType: 'DIGEST', AuthParameters: {} });
    expect(refusal.code).toBe('ValidationException');
    expect(refusal.message).toBe(
      "1 validation error detected: Value 'DIGEST' at 'authorizationType' failed to satisfy constraint: Member must satisfy enum value set: [BASIC, OAUTH_CLIENT_CREDENTIALS, API_KEY]",
    );
  });

  test('the error for a name with spaces prints the pattern of the service model', () => {
    expect(refusalOf('CreateConnection', { ...connection, Name: 'two words' }).message).toBe(
      `1 validation error detected: Value 'two words' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: ${namePattern}`,
    );
  });

  test('an error lists the violations of pattern and length of one field before those of the next field', () => {
    const name = `two words ${'x'.repeat(60)}`;
    expect(refusalOf('CreateConnection', { ...connection, Name: name, AuthorizationType: 'NONE' }).message).toBe(
      `3 validation errors detected: Value '${name}' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: ${namePattern}; ` +
        `Value '${name}' at 'name' failed to satisfy constraint: Member must have length less than or equal to 64; ` +
        "Value 'NONE' at 'authorizationType' failed to satisfy constraint: Member must satisfy enum value set: [BASIC, OAUTH_CLIENT_CREDENTIALS, API_KEY]",
    );
  });

  test('an invalid connection ARN and an invalid HTTP method are reported in one error', () => {
    const input = { Name: 'd', ConnectionArn: 'orders', HttpMethod: 'TRACE', InvocationEndpoint: 'https://a.example' };
    expect(refusalOf('CreateApiDestination', input).message).toBe(
      "2 validation errors detected: Value 'orders' at 'connectionArn' failed to satisfy constraint: Member must satisfy regular expression pattern: ^arn:aws([a-z]|\\-)*:events:([a-z]|\\d|\\-)*:([0-9]{12})?:connection\\/[\\.\\-_A-Za-z0-9]+\\/[\\-A-Za-z0-9]+$; " +
        "Value 'TRACE' at 'httpMethod' failed to satisfy constraint: Member must satisfy enum value set: [HEAD, POST, PATCH, DELETE, PUT, GET, OPTIONS]",
    );
  });

  test('an error names a member of a list by its position, counted from 1', () => {
    const targets = [
      { Id: 'ok', Arn: 'a' },
      { Id: '#!', Arn: 'a' },
    ];
    expect(refusalOf('PutTargets', { Rule: 'r', Targets: targets }).message).toBe(
      `1 validation error detected: Value '#!' at 'targets.2.member.id' failed to satisfy constraint: Member must satisfy regular expression pattern: ${namePattern}`,
    );
  });

  test('the error for a list that is too long prints every structure, with null for absent members', () => {
    const entries = Array.from({ length: 11 }, (_, index) => ({ Source: `s${index}`, Detail: '{"a": 1}' }));
    const { message } = refusalOf('PutEvents', { Entries: entries });
    expect(message).toMatch(
      /^1 validation error detected: Value '\[PutEventsRequestEntry\(time=null, source=s0, resources=null, detailType=null, detail=\{"a": 1\}, eventBusName=null/,
    );
    expect(message).toMatch(
      /\)\]' at 'entries' failed to satisfy constraint: Member must have length less than or equal to 10$/,
    );
  });
});

describe('constraints', () => {
  test('missing required members are reported as null, in the order of the service model', () => {
    expect(refusalOf('CreateConnection', {}).message).toBe(
      "3 validation errors detected: Value null at 'name' failed to satisfy constraint: Member must not be null; " +
        "Value null at 'authorizationType' failed to satisfy constraint: Member must not be null; " +
        "Value null at 'authParameters' failed to satisfy constraint: Member must not be null",
    );
  });

  test('a required member that is null counts as missing', () => {
    expect(refusalOf('DescribeConnection', { Name: null }).message).toContain("Value null at 'name'");
    expect(readEventsInput('ListConnections', { NamePrefix: null, Limit: null })).toEqual({});
  });

  test('an invalid authorization type does not make auth parameters count as missing', () => {
    const without = { Name: 'c', AuthorizationType: 'NONE' };
    expect(refusalOf('CreateConnection', without).message).toMatch(/^1 validation error .*'authorizationType'/);
    const half = { ...without, AuthParameters: { BasicAuthParameters: { Username: 'a:b' } } };
    const { message } = refusalOf('CreateConnection', half);
    expect(message).toMatch(/^2 validation errors /);
    expect(message).toContain("'authParameters.basicAuthParameters.username'");
    expect(message).not.toContain('password');
  });

  test('a number outside its range is reported', () => {
    expect(refusalOf('ListConnections', { Limit: 0 }).message).toBe(
      "1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1",
    );
    expect(refusalOf('ListConnections', { Limit: 101 }).message).toContain(
      'Member must have value less than or equal to 100',
    );
    expect(readEventsInput('ListConnections', { Limit: 100 })).toEqual({ Limit: 100 });
  });

  test('an empty name violates both its pattern and its minimum length', () => {
    expect(refusalOf('DescribeConnection', { Name: '' }).message).toBe(
      `2 validation errors detected: Value '' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: ${namePattern}; ` +
        "Value '' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 1",
    );
  });

  test('a pattern must match the whole text, so a line break at the end is refused', () => {
    expect(refusalOf('DescribeConnection', { Name: 'orders\n' }).message).toContain('regular expression pattern');
    expect(readEventsInput('DescribeConnection', { Name: 'orders' })).toEqual({ Name: 'orders' });
  });

  test('a list of scalars is checked and printed as a whole', () => {
    expect(refusalOf('RemoveTargets', { Rule: 'r', Ids: ['ok', 'not ok'] }).message).toBe(
      "1 validation error detected: Value '[ok, not ok]' at 'ids' failed to satisfy constraint: Member must satisfy constraint: " +
        `[Member must have length less than or equal to 64, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: ${namePattern}]`,
    );
  });

  test('the keys and the values of a map are checked separately', () => {
    const target = (headers: JsonValue) => ({
      Rule: 'r',
      Targets: [{ Id: 'i', Arn: 'a', HttpParameters: { HeaderParameters: headers } }],
    });
    const path = "at 'targets.1.member.httpParameters.headerParameters' failed to satisfy constraint:";
    expect(refusalOf('PutTargets', target({ 'a b': 'x' })).message).toContain(
      `Value '{a b=x}' ${path} Map keys must satisfy constraint: [Member must have length less than or equal to 512, Member must satisfy`,
    );
    expect(refusalOf('PutTargets', target({ a: '\n' })).message).toContain(
      `${path} Map value must satisfy constraint: [`,
    );
  });

  test('a null in a list is reported with its position', () => {
    expect(refusalOf('PutTargets', { Rule: 'r', Targets: [null] }).message).toBe(
      "1 validation error detected: Value null at 'targets.1.member' failed to satisfy constraint: Member must not be null",
    );
  });

  test('an OAuth HttpMethod in lower case is accepted and converted to upper case', () => {
    expect(readEventsInput('CreateConnection', oauth('post'))).toMatchObject({
      AuthParameters: { OAuthParameters: { HttpMethod: 'POST' } },
    });
    expect(refusalOf('CreateConnection', oauth('patch')).message).toContain(
      "Value 'patch' at 'authParameters.oAuthParameters.httpMethod' failed to satisfy constraint: Member must satisfy enum value set: [GET, POST, PUT]",
    );
    expect(refusalOf('UpdateApiDestination', { Name: 'd', HttpMethod: 'post' }).message).toContain(
      "Value 'post' at 'httpMethod'",
    );
  });

  test('connectivity parameters and KMS keys are refused by name before any other error', () => {
    const resource = { ResourceParameters: { ResourceConfigurationArn: '' } };
    const refused: readonly [string, JsonValue][] = [
      ['InvocationConnectivityParameters', { ...connection, InvocationConnectivityParameters: resource }],
      [
        'AuthParameters.ConnectivityParameters',
        { ...connection, AuthParameters: { ...basic, ConnectivityParameters: {} } },
      ],
      ['KmsKeyIdentifier', { ...connection, Name: 'not valid', KmsKeyIdentifier: 'alias/mine' }],
    ];
    for (const [name, input] of refused) {
      for (const operation of ['CreateConnection', 'UpdateConnection']) {
        const refusal = refusalOf(operation, input);
        expect(refusal.code).toBe('ValidationException');
        expect(refusal.message).toBe(`Parameter ${name} is not valid. Reason: It is not supported. Leave it out.`);
      }
    }
  });
});

describe('values of sensitive shapes', () => {
  test('the value of a sensitive member does not appear in an error', () => {
    const auth = { BasicAuthParameters: { Username: 'ann', Password: 'canary:\u0001' } };
    expect(refusalOf('CreateConnection', { ...connection, AuthParameters: auth }).message).toBe(
      `1 validation error detected: Value at 'authParameters.basicAuthParameters.password' failed to satisfy constraint: Member must satisfy regular expression pattern: ${credentialPattern}`,
    );
  });

  test('a sensitive value that is missing, too long or of a wrong type does not appear in an error', () => {
    const wrong = [
      { Username: 'ann' },
      { Username: 'ann', Password: 'canary'.repeat(200) },
      { Username: 'ann', Password: ['canary'] },
    ];
    const messages = wrong.map((basicAuth) => {
      return refusalOf('CreateConnection', { ...connection, AuthParameters: { BasicAuthParameters: basicAuth } })
        .message;
    });
    expect(messages[0]).toContain(
      "Value at 'authParameters.basicAuthParameters.password' failed to satisfy constraint: Member must not be null",
    );
    expect(messages[1]).toContain("Value at 'authParameters.basicAuthParameters.password'");
    expect(messages[2]).toBe("'authParameters.basicAuthParameters.password' must be a string, not a list.");
    expect(messages.join()).not.toContain('canary');
  });

  test('an error prints a URL without its user name and password', () => {
    const ConnectionArn = 'arn:aws:events:us-east-1:123456789012:connection/orders/0f';
    const input = { Name: 'orders', ConnectionArn, HttpMethod: 'POST' };
    for (const [endpoint, shown] of [
      ['https://ann:canary@example.com/{}', 'https://***@example.com/{}'],
      [`https://ann:${'canary'.repeat(1000)}@example.com/`, 'https://***@example.com/'],
    ] as const) {
      const { message } = refusalOf('CreateApiDestination', { ...input, InvocationEndpoint: endpoint });
      expect(message).toContain(`Value '${shown}' at 'invocationEndpoint'`);
      expect(message).not.toContain('canary');
    }
  });

  test('an error does not print a list that contains sensitive values', () => {
    const parameter = { Key: 'k', Value: 'canary', IsValueSecret: false };
    const auth = {
      ...basic,
      InvocationHttpParameters: { HeaderParameters: Array.from({ length: 101 }, () => parameter) },
    };
    expect(refusalOf('CreateConnection', { ...connection, AuthParameters: auth }).message).toBe(
      "1 validation error detected: Value at 'authParameters.invocationHttpParameters.headerParameters' failed to satisfy constraint: Member must have length less than or equal to 100",
    );
  });
});

describe('wrong JSON types', () => {
  const cases: readonly [string, JsonValue, string][] = [
    ['DescribeConnection', [], 'The request body must be an object, not a list.'],
    ['DescribeConnection', 'orders', 'The request body must be an object, not a string.'],
    ['DescribeConnection', { Name: 7 }, "'name' must be a string, not a number."],
    ['DescribeConnection', { Name: {} }, "'name' must be a string, not an object."],
    ['CreateConnection', { ...connection, AuthParameters: [] }, "'authParameters' must be an object, not a list."],
    ['ListConnections', { Limit: '10' }, "'limit' must be an integer, not a string."],
    ['ListConnections', { Limit: 1.5 }, "'limit' must be an integer from -2147483648 to 2147483647."],
    ['ListConnections', { Limit: 1e300 }, "'limit' must be an integer from -2147483648 to 2147483647."],
    ['PutTargets', { Rule: 'r', Targets: {} }, "'targets' must be a list, not an object."],
    ['PutTargets', { Rule: 'r', Targets: [true] }, "'targets.1.member' must be an object, not a boolean."],
    [
      'PutEvents',
      { Entries: [{ Time: '2026-01-01' }] },
      "'entries.1.member.time' must be a number of seconds, not a string.",
    ],
  ];
  test.each(cases)('the operation %s refuses the body %j because of a wrong JSON type', (operation, body, message) => {
    const refusal = refusalOf(operation, body);
    expect(refusal.code).toBe('SerializationException');
    expect(refusal.message).toBe(message);
  });

  test('a wrong JSON type is reported before any violated constraint', () => {
    const parameters = { BodyParameters: [{ Key: 'k', IsValueSecret: 'yes' }] };
    const input = { Name: 'not valid', AuthParameters: { InvocationHttpParameters: parameters } };
    expect(refusalOf('UpdateConnection', input).message).toBe(
      "'authParameters.invocationHttpParameters.bodyParameters.1.member.isValueSecret' must be true or false, not a string.",
    );
  });

  test('a timestamp may have a fraction', () => {
    const entry = { Time: 1733738400.25, Source: 's', DetailType: 't', Detail: '{}' };
    expect(readEventsInput('PutEvents', { Entries: [entry] })).toEqual({ Entries: [entry] });
  });
});

describe('unusual input', () => {
  test('unknown members are dropped at every depth', () => {
    const input = readEventsInput('CreateConnection', {
      ...connection,
      Colour: 'red',
      AuthParameters: { BasicAuthParameters: { Username: 'ann', Password: 'p', Realm: 'r' }, Extra: {} },
    });
    expect(input).toEqual({
      ...connection,
      AuthParameters: { BasicAuthParameters: { Username: 'ann', Password: 'p' } },
    });
  });

  test('members with names such as __proto__ and constructor are dropped as unknown', () => {
    const body = JSON.parse(
      '{"__proto__":{"Name":"x","polluted":1},"constructor":{"prototype":{"polluted":1}}}',
    ) as JsonValue;
    expect(refusalOf('DescribeConnection', body).message).toContain("Value null at 'name'");
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });

  test('a map may have the key __proto__, and keeps its prototype', () => {
    const body = JSON.parse(
      '{"Rule":"r","Targets":[{"Id":"i","Arn":"a","HttpParameters":{"HeaderParameters":{"__proto__":"x"}}}]}',
    ) as JsonValue;
    const input = readEventsInput('PutTargets', body);
    expect(JSON.stringify(input)).toBe(JSON.stringify(body));
    expect(Reflect.get({}, 'x')).toBeUndefined();
  });

  test('deep nesting is ignored in an unknown member and refused in a known member', () => {
    for (const depth of [30, 1_000_000]) {
      const deep = JSON.parse('['.repeat(depth) + ']'.repeat(depth)) as JsonValue;
      expect(readEventsInput('DescribeConnection', { Name: 'orders', Deep: deep })).toEqual({ Name: 'orders' });
      expect(refusalOf('DescribeConnection', { Name: deep }).code).toBe('SerializationException');
      expect(refusalOf('CreateConnection', { ...connection, AuthParameters: deep }).code).toBe(
        'SerializationException',
      );
    }
  });

  test('the error for a name of one megabyte has only a few kilobytes', () => {
    const { message } = refusalOf('DescribeConnection', { Name: `x${'\u{1f600}'.repeat(500_000)}` });
    expect(message).toMatch(/^2 validation errors detected: Value 'x/);
    expect(message).toContain("\u{1f600}...' at 'name'");
    expect(message.length).toBeLessThan(9000);
    expect(message.isWellFormed()).toBe(true);
  });

  test('the error for a hundred thousand violations names the first fifty', () => {
    const parameters = Array.from({ length: 100_000 }, () => ({ Key: 'not a header' }));
    const auth = { ...basic, InvocationHttpParameters: { HeaderParameters: parameters } };
    const { message } = refusalOf('CreateConnection', { ...connection, AuthParameters: auth });
    expect(message).toMatch(/^50 validation errors detected: Value at .* less than or equal to 100; /);
    expect(message.length).toBeLessThan(20_000);
  });
});

test('no operation of the service model has a recursive shape or an unknown pattern', () => {
  const operations = Object.keys(eventsModel.operations);
  expect(operations.length).toBeGreaterThan(30);
  for (const operation of operations) {
    expect(() => readEventsInput(operation, [])).toThrow('The request body must be an object');
  }
});

test('validating the input of an operation that the service model does not have throws an internal error', () => {
  for (const operation of ['LaunchRocket', 'constructor', '__proto__']) {
    expect(() => readEventsInput(operation, {})).toThrow('has no operation');
    expect(() => readEventsInput(operation, {})).not.toThrow(ServiceError);
  }
});
