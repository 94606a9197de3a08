import { describe, expect, test } from 'vitest';
import type { DeliveryTarget } from '../../../../lib/core/delivery/delivery.ts';
import type { ConnectionHttpParameters } from '../../../../lib/core/destination/connection-secret.ts';
import { renderBody } from '../../../../lib/core/request/render-body.ts';
import { parameterText, pathParameterText } from '../../../../lib/core/request/target-parameters.ts';
import { parseDelivery } from '../../../../lib/core/message/parse-delivery.ts';
import { failureOf } from '../failure/failing.ts';

const detail = '{"id":1152921506151679042,"price":19.90,"exp":1E400,"zero":-0,"list":[0.10, 1e2],"deep":{"é😀":1.0}}';
const text = `{"id":"e1", "detail": ${detail}}`;
const compact = detail.replace(', ', ',');

function deliveryOf(target: DeliveryTarget) {
  const envelope = `{"apiDestination":"orders","target":${JSON.stringify(target)},"event":${text}}`;
  return parseDelivery(JSON.parse(envelope), { apiDestination: undefined, nowMs: 0 }, envelope);
}

const { event } = deliveryOf({});

describe('a number of the event keeps its digits', () => {
  test.each([
    ['$.detail.id', '1152921506151679042'],
    ['$.detail.price', '19.90'],
    ['$.detail.exp', '1E400'],
    ['$.detail.zero', '-0'],
    ['$.detail.list[0]', '0.10'],
    ["$.detail.deep['é😀']", '1.0'],
  ])('the parameter %s gives the digits %s in a path, a header and a query', (path, digits) => {
    expect(pathParameterText(path, event, 'f')).toBe(digits);
    expect(parameterText(path, event, 'f')).toBe(digits);
  });

  test.each([
    ['$.detail.list', '[0.10,1e2]'],
    ['$.detail.list[*]', '[0.10,1e2]'],
    ['$.detail.deep', '{"é😀":1.0}'],
    ['$.detail.deep.*', '[1.0]'],
  ])('the parameter %s selects a list or an object, whose numbers keep their digits: %s', (path, printed) => {
    expect(parameterText(path, event, 'f')).toBe(printed);
    expect(failureOf(() => pathParameterText(path, event, 'f'))).toContain('f finds an object or a list');
  });

  test.each(['$.detail.id.text', '$.detail.price[0]', '$.detail.exp.*', '$.detail.id.length'])(
    'the path of the parameter %s leads into a number and finds nothing',
    (path) => {
      expect(parameterText(path, event, 'f')).toBe('');
    },
  );

  test('InputPath keeps the digits of the numbers that it finds', () => {
    expect(renderBody(deliveryOf({ InputPath: '$.detail' }), [])).toBe(compact);
    expect(renderBody(deliveryOf({ InputPath: '$.detail.id' }), [])).toBe('1152921506151679042');
  });

  test.each([
    ['{"id": <id>, "all": <detail>}', `{"id": 1152921506151679042, "all": ${compact}}`],
    ['{"id": "<id> <price> <exp>"}', '{"id": "1152921506151679042 19.90 1E400"}'],
    ['"<id> of <detail>"', `"1152921506151679042 of ${compact.replaceAll('"', '')}"`],
    ['"<aws.events.event.json>"', `"{id:e1,detail:${compact.replaceAll('"', '')}}"`],
    ['[<id>, "<exp>"]', '[1152921506151679042, "1E400"]'],
  ])('the input template %s keeps the digits of numbers', (InputTemplate, body) => {
    const InputPathsMap = { id: '$.detail.id', price: '$.detail.price', exp: '$.detail.exp', detail: '$.detail' };
    expect(renderBody(deliveryOf({ InputTransformer: { InputPathsMap, InputTemplate } }), [])).toBe(body);
  });

  test('the placeholder for the event without its detail keeps the digits of numbers', () => {
    const own = '{"detail":{},"version":1.0,"detail-type":2.50}';
    const InputTransformer = { InputTemplate: '<aws.events.event>' };
    const delivery = { ...deliveryOf({ InputTransformer }), event: { value: { detail: {} }, text: own } };
    expect(renderBody(delivery, [])).toBe('{"version":1.0,"detailType":2.50}');
  });

  const added: ConnectionHttpParameters['bodyParameters'] = [{ key: 'price', value: 'secret', isValueSecret: true }];

  test.each<[string, DeliveryTarget, string]>([
    ['a path', { InputPath: '$.detail' }, compact.replace('19.90', '"secret"')],
    ['a constant', { Input: '{"n": 1.0, "m":[1E400]}' }, '{"n":1.0,"m":[1E400],"price":"secret"}'],
    ['nothing', {}, `{"id":"e1","detail":${compact},"price":"secret"}`],
  ])("a connection's body parameters keep the digits of a body made by %s", (_what, target, body) => {
    expect(renderBody(deliveryOf(target), added ?? [])).toBe(body);
  });
});

test('the numbers of an event whose text is not known are printed with the digits that JavaScript gives them', () => {
  const delivery = { ...deliveryOf({ InputPath: '$.n' }), event: { value: { n: 1.5 } } };
  expect(renderBody(delivery, [])).toBe('1.5');
});
