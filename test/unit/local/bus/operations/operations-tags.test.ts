import { describe, expect, test } from 'vitest';
import { arn, createBusWorld, pattern, refusal } from './operations-world.ts';

async function tagged() {
  const world = createBusWorld();
  await world.call('CreateEventBus', { Name: 'shop' });
  await world.call('PutRule', { Name: 'r', EventPattern: pattern });
  await world.call('PutRule', { Name: 'r', EventBusName: 'shop', EventPattern: pattern });
  return world;
}

const tag1 = { Key: 'tag1', Value: 'value1' };
const tag2 = { Key: 'tag2', Value: '' };

describe.each(['event-bus/default', 'event-bus/shop', 'rule/r', 'rule/shop/r'])('tags of %s', (resource) => {
  const ResourceARN = arn(resource);

  test(`tags of ${resource} can be added, replaced and removed without changing other resources`, async () => {
    const { call } = await tagged();
    expect(await call('ListTagsForResource', { ResourceARN })).toEqual({ Tags: [] });
    expect(await call('TagResource', { ResourceARN, Tags: [tag1, tag2] })).toEqual({});
    expect(await call('ListTagsForResource', { ResourceARN })).toEqual({ Tags: [tag1, tag2] });
    await call('TagResource', { ResourceARN, Tags: [{ Key: 'tag1', Value: 'new' }] });
    expect(await call('UntagResource', { ResourceARN, TagKeys: ['tag2', 'never'] })).toEqual({});
    expect(await call('ListTagsForResource', { ResourceARN })).toEqual({ Tags: [{ Key: 'tag1', Value: 'new' }] });
    for (const other of ['event-bus/default', 'event-bus/shop', 'rule/r', 'rule/shop/r']) {
      if (other === resource) continue;
      expect(await call('ListTagsForResource', { ResourceARN: arn(other) })).toEqual({ Tags: [] });
    }
  });
});

test('tags may be sent when a bus or a rule is created', async () => {
  const { call } = createBusWorld();
  await call('CreateEventBus', { Name: 'shop', Tags: [tag2, tag1] });
  await call('PutRule', { Name: 'r', EventPattern: pattern, Tags: [tag1] });
  expect(await call('ListTagsForResource', { ResourceARN: arn('event-bus/shop') })).toEqual({ Tags: [tag1, tag2] });
  expect(await call('ListTagsForResource', { ResourceARN: arn('rule/r') })).toEqual({ Tags: [tag1] });
});

test('a rule that is created again does not get the tags of the deleted one', async () => {
  const { call } = await tagged();
  await call('TagResource', { ResourceARN: arn('rule/shop/r'), Tags: [tag1] });
  await call('DeleteRule', { Name: 'r', EventBusName: 'shop' });
  await call('PutRule', { Name: 'r', EventBusName: 'shop', EventPattern: pattern });
  expect(await call('ListTagsForResource', { ResourceARN: arn('rule/shop/r') })).toEqual({ Tags: [] });
});

describe('refused requests', () => {
  test.each([
    ['rule/gone', 'Rule gone does not exist on EventBus default.'],
    ['rule/shop/gone', 'Rule gone does not exist on EventBus shop.'],
    ['rule/gone/r', 'Rule r does not exist on EventBus gone.'],
    ['event-bus/gone', 'Event bus gone does not exist.'],
  ])('all three tag operations are refused because the resource %s does not exist', async (resource, message) => {
    const { call } = await tagged();
    const ResourceARN = arn(resource);
    const refused = refusal('ResourceNotFoundException', message);
    await expect(call('TagResource', { ResourceARN, Tags: [tag1] })).rejects.toMatchObject(refused);
    await expect(call('ListTagsForResource', { ResourceARN })).rejects.toMatchObject(refused);
    await expect(call('UntagResource', { ResourceARN, TagKeys: ['tag1'] })).rejects.toMatchObject(refused);
  });

  test('an ARN of another region is refused, even if a rule of that name exists in this region', async () => {
    const { call } = await tagged();
    const elsewhere = call('ListTagsForResource', { ResourceARN: arn('rule/r', 'us-east-1') });
    const refused = refusal('ResourceNotFoundException', 'Rule r does not exist on EventBus default.');
    await expect(elsewhere).rejects.toMatchObject(refused);
  });

  test.each(['r', 'arn:aws:sqs:eu-west-1:123456789012:q', arn('connection/c/1')])(
    'a tag operation refuses %s because such a resource cannot have tags',
    async (text) => {
      const { call } = await tagged();
      const refused = `Parameter ${text} is not valid. Reason: Provided Arn is not in correct format.`;
      await expect(call('ListTagsForResource', { ResourceARN: text })).rejects.toMatchObject(
        refusal('ValidationException', refused),
      );
    },
  );

  test.each(['aws:owner', 'AWS:owner', 'aws:'])(
    'the tag key %s is refused because it is reserved, and nothing is created or tagged',
    async (Key) => {
      const { call } = await tagged();
      const ResourceARN = arn('rule/r');
      const Tags = [tag1, { Key, Value: '' }];
      const refused = refusal(
        'ValidationException',
        `Invalid parameter: The tag key '${Key}' begins with aws:, which is reserved. Use another key.`,
      );
      await expect(call('TagResource', { ResourceARN, Tags })).rejects.toMatchObject(refused);
      await expect(call('CreateEventBus', { Name: 'new', Tags })).rejects.toMatchObject(refused);
      await expect(call('PutRule', { Name: 'new', EventPattern: pattern, Tags })).rejects.toMatchObject(refused);
      expect(await call('ListTagsForResource', { ResourceARN })).toEqual({ Tags: [] });
      await expect(call('DescribeEventBus', { Name: 'new' })).rejects.toThrow('does not exist');
      await expect(call('DescribeRule', { Name: 'new' })).rejects.toThrow('does not exist');
    },
  );

  test('TagResource refuses a repeated key and a fifty-first tag, and stores no tag of the request', async () => {
    const { call } = await tagged();
    const ResourceARN = arn('rule/r');
    const twice = call('TagResource', { ResourceARN, Tags: [tag1, tag1] });
    const duplicated = 'Invalid parameter: Duplicated keys are not allowed.';
    await expect(twice).rejects.toMatchObject(refusal('ValidationException', duplicated));
    const fifty = Array.from({ length: 50 }, (_, index) => ({ Key: `key-${index}`, Value: '' }));
    await call('TagResource', { ResourceARN, Tags: fifty });
    await expect(call('TagResource', { ResourceARN, Tags: [tag1] })).rejects.toMatchObject({
      code: 'ValidationException',
    });
    const { Tags } = await call('ListTagsForResource', { ResourceARN });
    expect(Tags).toHaveLength(50);
  });
});
