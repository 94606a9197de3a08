import { describe, expect, test } from 'vitest';
import { arn, createBusWorld, pattern, queueArn, refusal } from './operations-world.ts';

const seconds = 1_700_000_000;

describe('a bus from its creation to its end', () => {
  test('CreateEventBus returns the ARN of the bus and the sent settings', async () => {
    const { call } = createBusWorld();
    expect(await call('CreateEventBus', { Name: 'bare' })).toEqual({ EventBusArn: arn('event-bus/bare') });
    const shown = {
      Description: 'of the shop',
      DeadLetterConfig: { Arn: queueArn('dead') },
      LogConfig: { Level: 'OFF' },
    };
    const created = await call('CreateEventBus', { Name: 'shop', ...shown });
    expect(created).toEqual({ EventBusArn: arn('event-bus/shop'), ...shown });
  });

  test('DescribeEventBus returns no members that were never set', async () => {
    const { call } = createBusWorld();
    await call('CreateEventBus', { Name: 'shop' });
    const times = { CreationTime: seconds, LastModifiedTime: seconds };
    expect(await call('DescribeEventBus', { Name: 'shop' })).toEqual({
      Name: 'shop',
      Arn: arn('event-bus/shop'),
      ...times,
    });
  });

  test('DescribeEventBus accepts a name, an ARN, or nothing for the default bus', async () => {
    const { call } = createBusWorld();
    const byArn = await call('DescribeEventBus', { Name: arn('event-bus/default') });
    expect(byArn).toMatchObject({ Name: 'default', Arn: arn('event-bus/default') });
    expect(await call('DescribeEventBus')).toEqual(byArn);
  });

  test('UpdateEventBus changes only the members that are sent, and the time of modification', async () => {
    const world = createBusWorld();
    await world.call('CreateEventBus', {
      Name: 'shop',
      Description: 'old',
      DeadLetterConfig: { Arn: queueArn('dead') },
    });
    world.now += 5000;
    const updated = await world.call('UpdateEventBus', { Name: 'shop', Description: 'new' });
    const shown = {
      Name: 'shop',
      Arn: arn('event-bus/shop'),
      Description: 'new',
      DeadLetterConfig: { Arn: queueArn('dead') },
    };
    expect(updated).toEqual(shown);
    const times = { CreationTime: seconds, LastModifiedTime: seconds + 5 };
    expect(await world.call('DescribeEventBus', { Name: 'shop' })).toEqual({ ...shown, ...times });
  });

  test('the name of a deleted bus can be used again, and the new bus has no tags', async () => {
    const { call } = createBusWorld();
    await call('CreateEventBus', { Name: 'shop', Tags: [{ Key: 'team', Value: 'a' }] });
    expect(await call('DeleteEventBus', { Name: 'shop' })).toEqual({});
    await expect(call('DescribeEventBus', { Name: 'shop' })).rejects.toMatchObject(
      refusal('ResourceNotFoundException', 'Event bus shop does not exist.'),
    );
    await call('CreateEventBus', { Name: 'shop' });
    expect(await call('ListTagsForResource', { ResourceARN: arn('event-bus/shop') })).toEqual({ Tags: [] });
  });

  test('each region has its own buses', async () => {
    const { call } = createBusWorld();
    await call('CreateEventBus', { Name: 'shop' });
    expect(await call('ListEventBuses', {}, 'us-west-2')).toMatchObject({ EventBuses: [{ Name: 'default' }] });
    await call('CreateEventBus', { Name: 'shop' }, 'us-west-2');
    const listed = await call('ListEventBuses', { NamePrefix: 'shop' }, 'us-west-2');
    expect(listed).toMatchObject({ EventBuses: [{ Arn: arn('event-bus/shop', 'us-west-2') }] });
  });
});

test('DeleteEventBus of a bus that does not exist succeeds', async () => {
  expect(await createBusWorld().call('DeleteEventBus', { Name: 'gone' })).toEqual({});
});

describe('refused requests', () => {
  test.each([
    ['arn:aws:sns:eu-west-1:123456789012:dead', 'sns is not supported as a dead letter resource'],
    [queueArn('dead.fifo'), 'SQS FIFO is not supported by Dead Letter Queues'],
    ['dead', 'Parameter dead is not valid. Reason: Provided Arn is not in correct format.'],
  ])('a bus is neither created nor changed when its dead letters would go to %s', async (Arn, message) => {
    const { call } = createBusWorld();
    const refused = refusal('ValidationException', message);
    const settings = { Name: 'shop', DeadLetterConfig: { Arn } };
    await expect(call('CreateEventBus', settings)).rejects.toMatchObject(refused);
    await call('CreateEventBus', { Name: 'shop' });
    await expect(call('UpdateEventBus', settings)).rejects.toMatchObject(refused);
    expect(await call('DescribeEventBus', { Name: 'shop' })).not.toHaveProperty('DeadLetterConfig');
  });

  test.each(['shop', 'default'])('a second bus with the name %s is refused', async (Name) => {
    const { call } = createBusWorld();
    await call('CreateEventBus', { Name: 'shop' });
    const refused = refusal('ResourceAlreadyExistsException', `Event bus ${Name} already exists.`);
    await expect(call('CreateEventBus', { Name })).rejects.toMatchObject(refused);
  });

  test.each([
    ['DescribeEventBus', 'gone', 'gone'],
    ['UpdateEventBus', 'gone', 'gone'],
    ['DescribeEventBus', arn('event-bus/gone'), 'gone'],
    ['DescribeEventBus', arn('event-bus/default', 'us-east-1'), arn('event-bus/default', 'us-east-1')],
  ])('%s is refused because the bus %s does not exist', async (operation, Name, shown) => {
    const refused = refusal('ResourceNotFoundException', `Event bus ${shown} does not exist.`);
    await expect(createBusWorld().call(operation, { Name })).rejects.toMatchObject(refused);
  });

  test('the default bus cannot be deleted', async () => {
    const refused = refusal('ValidationException', 'Cannot delete event bus default.');
    await expect(createBusWorld().call('DeleteEventBus', { Name: 'default' })).rejects.toMatchObject(refused);
  });

  test('a bus with rules cannot be deleted', async () => {
    const { call } = createBusWorld();
    await call('CreateEventBus', { Name: 'shop' });
    await call('PutRule', { Name: 'orders', EventBusName: 'shop', EventPattern: pattern });
    const refused = refusal('ValidationException', "EventBus can't be deleted since it has rules.");
    await expect(call('DeleteEventBus', { Name: 'shop' })).rejects.toMatchObject(refused);
    await call('DeleteRule', { Name: 'orders', EventBusName: 'shop' });
    expect(await call('DeleteEventBus', { Name: 'shop' })).toEqual({});
  });

  test('a region can have at most 100 custom buses', async () => {
    const { call } = createBusWorld();
    for (let index = 0; index < 100; index += 1) await call('CreateEventBus', { Name: `bus-${index}` });
    const refused = refusal('LimitExceededException', 'The requested resource exceeds the maximum number allowed.');
    await expect(call('CreateEventBus', { Name: 'more' })).rejects.toMatchObject(refused);
    await call('DeleteEventBus', { Name: 'bus-7' });
    await expect(call('CreateEventBus', { Name: 'more' })).resolves.toBeDefined();
  });

  test('CreateEventBus refuses the name of a partner bus', async () => {
    const { call } = createBusWorld();
    const slash = "Event bus name must not contain '/'.";
    await expect(call('CreateEventBus', { Name: 'a/b' })).rejects.toMatchObject(refusal('ValidationException', slash));
    const EventSourceName = 'aws.partner/example.com/a';
    const other = refusal('ValidationException', 'Event bus name must match event source name.');
    await expect(call('CreateEventBus', { Name: 'a', EventSourceName })).rejects.toMatchObject(other);
    const partner = { Name: EventSourceName, EventSourceName };
    const unknown = refusal('ResourceNotFoundException', 'Event source aws.partner/example.com/a does not exist.');
    await expect(call('CreateEventBus', partner)).rejects.toMatchObject(unknown);
  });

  test('a bus with invalid tags is not created', async () => {
    const { call } = createBusWorld();
    const twice = { Key: 'team', Value: 'a' };
    const refused = refusal('ValidationException', 'Invalid parameter: Duplicated keys are not allowed.');
    await expect(call('CreateEventBus', { Name: 'shop', Tags: [twice, twice] })).rejects.toMatchObject(refused);
    expect(await call('ListEventBuses', { NamePrefix: 'shop' })).toEqual({ EventBuses: [] });
  });
});
