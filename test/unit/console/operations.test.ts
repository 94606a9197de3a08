import { expect, test } from 'vitest';
import { changesSomething, isConsoleOperation, serviceOperations } from '../../../lib/console/api/operations.ts';
import { appsyncModel, eventsModel, lastmileModel } from '../../../lib/protocol/model/service-models.ts';

const names = Object.keys(serviceOperations).filter(isConsoleOperation);

test('every operation of a service that the console may call is in a service model', () => {
  const known = [eventsModel, lastmileModel, appsyncModel].flatMap(({ operations }) => Object.keys(operations));
  expect(names.filter((name) => !known.includes(name))).toEqual([]);
});

test('every operation of Lastmile and of API keys is one that the console may call', () => {
  const ours = [lastmileModel, appsyncModel].flatMap(({ operations }) => Object.keys(operations));
  expect(ours.filter((name) => !isConsoleOperation(name))).toEqual([]);
});

test('a read-only console performs exactly the operations whose names say that they read', () => {
  const reading = names.filter((name) => /^(List|Describe|Get|Test)/.test(name));
  expect(names.filter((name) => !changesSomething(name))).toEqual(reading);
});
