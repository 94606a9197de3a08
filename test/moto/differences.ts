/** A fault of moto 5.2.5, and the tests of contract suites that fail because of it. A test is named by the end of its name. */
export interface Difference {
  readonly fault: string;
  readonly tests: readonly string[];
}

export const differences: readonly Difference[] = [
  {
    fault:
      'moto checks the condition of a DynamoDB write and writes in two steps, so two simultaneous writes can both succeed',
    tests: [
      'when two updates of a destination are based on the same revision, only one of them is written',
      'exactly one of twenty simultaneous updates is written',
      'only one of many simultaneous requests gets the lease',
      'twenty simultaneous refusals make one run of 401s with a count of twenty',
      'twenty simultaneous writes are all given different slots',
    ],
  },
  {
    fault: 'UPDATED_OLD of moto leaves out updated attributes whose value stays the same',
    tests: ['once for two deauthorizations in a row', 'once for two authorizations in a row'],
  },
  {
    fault: 'moto refuses a DeleteMessageBatch that names one receipt handle twice; SQS refuses only equal entry ids',
    tests: ['one call deletes at most ten messages'],
  },
  {
    fault:
      'after UpdateSecretVersionStage, GetSecretValue of moto still returns the earlier version, unless a label is asked for',
    tests: ['a secret version that was made current has AWSCURRENT as its only label'],
  },
];

export function faultBehind(testName: string): string | undefined {
  return differences.find(({ tests }) => tests.some((name) => testName.endsWith(name)))?.fault;
}
