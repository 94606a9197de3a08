import { type Config, type Environment, parseConfig, variables } from '../../config.ts';
import { physicalName } from '../lambda/function-runner.ts';

/** Physical names of the stack's resources: its stage is `local`. */
const tableName = 'lastmile-local';
export const queues = {
  deliveries: 'lastmile-local-deliveries',
  orderedDeliveries: 'lastmile-local-ordered-deliveries.fifo',
  deadLetters: 'lastmile-local-dead-letters',
} as const;
export const rootSecretName = 'lastmile/local/root';

/** Endpoints on the same machine are always allowed, in addition to PRIVATE_NETWORK_ALLOWLIST. */
const loopback = '127.0.0.0/8,::1/128';

/** The variables of every function. Each has the user's value if there is one, otherwise the stack's default. */
export function functionVariables(given: Environment, queueUrl: (queueName: string) => string): Environment {
  const defaults = {
    TABLE_NAME: tableName,
    DELIVERY_QUEUE_URL: queueUrl(queues.deliveries),
    ORDERED_QUEUE_URL: queueUrl(queues.orderedDeliveries),
    DEAD_LETTER_QUEUE_URL: queueUrl(queues.deadLetters),
    SECRET_PREFIX: 'events!connection/',
    ROOT_SECRET_ARN: rootSecretName,
    AUTHORIZE_CONNECTION_FUNCTION: physicalName('authorize-connection'),
    USER_AGENT: 'Amazon/EventBridge/ApiDestinations',
  };
  const names = Object.keys(variables);
  const set = names.map((name): [string, string | undefined] => [name, given[name]]);
  const values = Object.fromEntries(set.filter(([, value]) => value !== undefined && value !== ''));
  const allowlist = [loopback, values['PRIVATE_NETWORK_ALLOWLIST'] ?? ''].filter((cidrs) => cidrs !== '').join(',');
  return { ...defaults, ...values, PRIVATE_NETWORK_ALLOWLIST: allowlist };
}

/** The variables that the runtime adds for one function in one region. */
export function runtimeVariables(functionName: string, region: string): Environment {
  return {
    LASTMILE_STAGE: 'local',
    AWS_REGION: region,
    AWS_LAMBDA_FUNCTION_NAME: physicalName(functionName),
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
  };
}

/** @throws ConfigError that names every invalid variable */
export function checkVariables(given: Environment): Config {
  return parseConfig(functionVariables(given, (queueName) => `http://localhost/000000000000/${queueName}`));
}
