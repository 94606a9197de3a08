/*
 * Checks the stage parameters of serverless.yml. Their defaults are in that file; their forms and meanings are here. A test
 * compares the table in docs/guide/deploy.md with this file.
 *
 * A value comes from `--param="name=value"` (then it is a string), from `params.<stage>` or from `params.default`.
 */

const ipaddr = require('ipaddr.js');

const arn = (service, rest) => new RegExp(`^arn:aws[a-z-]*:${service}:${rest}$`);

/** Source: CloudWatch Logs API reference, PutRetentionPolicy. */
const retentions = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

/** Loopback is not allowed, because Lambda's own runtime listens there. lib/core/address/address.ts checks the value again. */
const isPrivateNetwork = (cidr) =>
  /^[0-9a-fA-F.:]+\/[0-9]+$/.test(cidr) && ipaddr.isValidCIDR(cidr) && ipaddr.parseCIDR(cidr)[0].range() !== 'loopback';

const text = (form, words, meaning) => ({ form, words, meaning, parse: (value) => value });

const list = (form, words, meaning) => ({
  form: new RegExp(`^${form}(?:, *${form})*$`),
  words: `${words}, with commas between`,
  meaning,
  parse: (value) => (value === undefined ? [] : value.split(/, */)),
});

const integer = (minimum, maximum, unit, meaning) => ({
  accepts: (value) => /^[0-9]{1,6}$/.test(value) && Number(value) >= minimum && Number(value) <= maximum,
  words: `a whole number from ${minimum} to ${maximum}`,
  unit,
  meaning,
  parse: (value) => (value === undefined ? undefined : Number(value)),
});

const flag = (meaning) => ({
  accepts: (value) => value === 'true' || value === 'false',
  words: 'true or false',
  meaning,
  parse: (value) => value === 'true',
});

/** For each parameter: its form, a description of the form, its unit and its meaning. An empty value means that it is not set. */
const parameters = {
  kmsKeyArn: text(
    arn('kms', '[a-z0-9-]+:[0-9]{12}:key/[0-9A-Za-z-]+'),
    'the ARN of a KMS key',
    'key for the table, the queues, the root secret, the buckets and the logs; default: keys of AWS',
  ),
  deadLetterQueueArns: list(
    'arn:aws[a-z-]*:sqs:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.*-]+',
    'ARNs of SQS queues',
    'queues that an envelope may name in its `DeadLetterConfig`',
  ),
  secretArns: list(
    'arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@*?-]+',
    'ARNs of secrets',
    'your own secrets that the functions may read',
  ),
  keyArns: list(
    'arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[0-9A-Za-z-]+',
    'ARNs of KMS keys',
    'your own keys that encrypt those queues and secrets; do not repeat `kmsKeyArn` here',
  ),
  ruleArns: list(
    'arn:aws[a-z-]*:events:[a-z0-9*-]+:[0-9*]+:rule/[A-Za-z0-9/_.*-]+',
    'ARNs of rules',
    'rules that may send to the delivery queue and to the ordered queue; default: every rule of the account and region',
  ),
  subnetIds: list('subnet-[0-9a-f]+', 'ids of subnets', 'subnets of the functions that make requests; default: no VPC'),
  securityGroupIds: list('sg-[0-9a-f]+', 'ids of security groups', 'security groups of the functions that make requests; needs `subnetIds`'),
  functionTimeoutSeconds: integer(15, 900, 's', 'time limit of every function except `control-api`, which has 30 s'),
  deliverReservedConcurrency: integer(1, 100_000, 'invocations', 'reserved concurrency of `deliver`'),
  controlApiReservedConcurrency: integer(1, 100_000, 'invocations', 'reserved concurrency of `control-api`'),
  maximumConcurrency: integer(2, 1000, 'invocations', 'invocations of `deliver-queued` at the same time for the delivery queue, and as many again for the ordered queue'),
  batchingWindowSeconds: integer(0, 300, 's', 'time that Lambda waits for ten messages of the delivery queue'),
  logRetentionDays: {
    accepts: (value) => retentions.some((days) => String(days) === value),
    words: `one of ${retentions.join(', ')}`,
    unit: 'days',
    meaning: "retention of the functions' logs",
    parse: Number,
  },
  failedInvocationsDays: integer(1, 3650, 'days', 'retention of failed invocations in their bucket'),
  keepEventsDays: integer(0, 3650, 'days', 'retention of kept events in a bucket of their own; `0` keeps none and makes no bucket'),
  orderedDeliveries: flag('whether the stack has the ordered queue, a FIFO queue for events that are delivered in order'),
  eventBusName: text(
    /^[/.\-_A-Za-z0-9]{1,256}$/,
    'the name of an event bus',
    'bus of this account to which PutEvents of the control API forwards events',
  ),
  stateEventsBusName: text(
    /^[/.\-_A-Za-z0-9]{1,256}$/,
    'the name of an event bus',
    'bus of this account on which the functions put state events; default: none',
  ),
  privateNetworkAllowlist: {
    accepts: (value) => value.split(/, */).every(isPrivateNetwork),
    words: 'CIDRs outside loopback, with commas between',
    meaning: 'private address ranges that may be called; becomes `PRIVATE_NETWORK_ALLOWLIST`',
    parse: (value) => value,
  },
  alarmTopicArn: text(
    arn('sns', '[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+'),
    'the ARN of an SNS topic',
    'topic to which the alarms are sent; default: they show only in CloudWatch',
  ),
  deletionProtection: flag('whether DynamoDB refuses to delete the table'),
};

/** These parameters may be empty. All others need a value. */
const optional = new Set([
  'kmsKeyArn',
  'deadLetterQueueArns',
  'secretArns',
  'keyArns',
  'ruleArns',
  'subnetIds',
  'securityGroupIds',
  'deliverReservedConcurrency',
  'controlApiReservedConcurrency',
  'stateEventsBusName',
  'privateNetworkAllowlist',
  'alarmTopicArn',
]);

/**
 * If a configuration file throws, osls prints the error's stack. Only the message helps here, so the stack is replaced by the
 * message.
 */
class ParameterError extends Error {
  constructor(problems) {
    super(`Bad stage parameters: ${problems.join('; ')}`);
    this.name = 'ParameterError';
    this.stack = this.message;
  }
}

/**
 * @param given each parameter's value from osls: a string, a number, a boolean or nothing
 * @throws ParameterError that names every bad parameter
 */
function parseParameters(given) {
  const problems = [];
  const parsed = {};
  for (const [name, { form, accepts, words, parse }] of Object.entries(parameters)) {
    const value = given[name] === undefined || given[name] === null ? '' : String(given[name]).trim();
    if (value === '' && !optional.has(name)) problems.push(`${name} is required`);
    const fits = form === undefined ? accepts(value) : form.test(value);
    if (value !== '' && !fits) problems.push(`${name} must be ${words}`);
    parsed[name] = parse(value === '' ? undefined : value);
  }
  const network = [parsed.subnetIds, parsed.securityGroupIds];
  if (network.some((ids) => ids.length > 0) && network.some((ids) => ids.length === 0)) {
    problems.push('set both subnetIds and securityGroupIds, or neither of them');
  }
  if (problems.length > 0) throw new ParameterError(problems);
  return parsed;
}

/** @param resolveVariable the function that osls passes to a configuration file */
async function readParameters(resolveVariable) {
  const names = Object.keys(parameters);
  const values = await Promise.all(names.map((name) => resolveVariable(`param:${name}, ''`)));
  return parseParameters(Object.fromEntries(names.map((name, index) => [name, values[index]])));
}

module.exports = { ParameterError, parameters, parseParameters, readParameters, retentions };
