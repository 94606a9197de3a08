import { expect, test } from 'vitest';
import { timesOf } from '../../../lib/console/page/data/time-range.ts';
import {
  filterIn,
  keyOf,
  openedIn,
  openParameters,
  outcomes,
} from '../../../lib/console/page/deliveries/delivery-filter.ts';
import { lastmileModel } from '../../../lib/protocol/model/service-models.ts';

const query = (text: string): URLSearchParams => new URLSearchParams(text);

test('every outcome of the service model has a text', () => {
  const { DeliveryOutcome } = lastmileModel.shapes;
  expect(DeliveryOutcome).toMatchObject({ enum: Object.keys(outcomes) });
});

test('the address of the page becomes the input of ListDeliveries, and a status becomes a number', () => {
  const filter = filterIn(query('destination=orders&text=no+order&status=422&region=eu-west-1'), { After: 5 });
  expect(filter).toEqual({ ApiDestinationName: 'orders', Text: 'no order', Status: 422, After: 5 });
});

test('a status that is not a number goes to the service, which says what is wrong', () => {
  expect(filterIn(query('status=4xx'), {})).toEqual({ Status: '4xx' });
});

test('an empty parameter of the address does not filter the deliveries', () => {
  expect(filterIn(query('destination=&code='), {})).toEqual({});
});

test('the address that opens a delivery gives the same delivery back, also with characters that an address escapes', () => {
  const key = {
    EventId: 'a b/ü&1',
    ApiDestinationName: 'orders',
    Rule: 'arn:aws:events:rule/x',
    TargetId: 'to orders',
  };
  const address = new URLSearchParams();
  for (const [name, value] of Object.entries(openParameters(key))) address.set(name, value ?? '');
  expect(openedIn(query(address.toString()))).toEqual(key);
});

test.each([{ EventId: 'e' }, { ApiDestinationName: 'orders' }, {}])(
  'a delivery with only the members %j has no address that opens it',
  (delivery) => {
    expect(keyOf(delivery)).toBeUndefined();
  },
);

test.each([
  ['last=3600', { After: 6400 }],
  ['after=1970-01-01T00:01:00Z&before=1970-01-01T01:02:00%2B01:00', { After: 60, Before: 120 }],
  ['after=yesterday', {}],
  ['last=-5', {}],
])('at 10,000 s after 1970, the parameters %s mean the range %j', (text, range) => {
  expect(timesOf(query(text), 10_000_000)).toEqual(range);
});
