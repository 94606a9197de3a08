import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { isJsonObject, type JsonValue } from '../core/input/json.ts';

const defaultEndpoint = 'http://127.0.0.1:4010';

const usage = `Runs one function of serverless.yml against a running local stack. It bundles the function as a deployment does.

  npm run invoke -- -f deliver -p test/events/envelope-http-parameters.json

  -f, --function <name>   name of the function in serverless.yml
  -p, --path <file>       file that holds the event; or pass the event itself with -d '<json>'
  --help                  show this text; every other option of 'sls invoke local' works too

Set AWS_ENDPOINT_URL to the address of the stack (default: ${defaultEndpoint}). Set API_DESTINATION to the API
destination of bare events; without it, deliver refuses them.
Exit status: 0 the function returned, 1 it failed, 2 wrong usage.`;

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    console.log(usage);
    return 0;
  }
  const functionName = functionIn(args);
  if (functionName === undefined) {
    console.error(`Name the function with -f <name>.\n\n${usage}`);
    return 2;
  }
  const endpoint = (process.env['AWS_ENDPOINT_URL'] ?? defaultEndpoint).replace(/\/+$/, '');
  const account = await accountAt(endpoint);
  if (account === undefined) {
    console.error(
      `No local stack answers at ${endpoint}. Start one with npm start, or set AWS_ENDPOINT_URL to the address of yours.`,
    );
    return 1;
  }
  return await invokeLocal(args, {
    ...process.env,
    AWS_ENDPOINT_URL: endpoint,
    LASTMILE_ACCOUNT: account,
    AWS_REGION: process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION'] ?? 'us-east-1',
    // The stack recognises the calling function by its access key.
    AWS_ACCESS_KEY_ID: functionName,
    AWS_SECRET_ACCESS_KEY: 'local',
    // Otherwise the SDK waits for credentials from an address that exists only on EC2.
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_PROFILE: undefined,
    AWS_SESSION_TOKEN: undefined,
  });
}

function functionIn(args: readonly string[]): string | undefined {
  const index = args.findIndex((argument) => argument === '-f' || argument === '--function');
  return index < 0 ? args.find((argument) => argument.startsWith('--function='))?.slice(11) : args[index + 1];
}

/** The account of the stack, which is part of its queue URLs; undefined when no stack answers there. */
async function accountAt(endpoint: string): Promise<string | undefined> {
  try {
    const answer = await fetch(`${endpoint}/_lastmile/health`, { signal: AbortSignal.timeout(3000) });
    const health = (await answer.json()) as JsonValue;
    const account = isJsonObject(health) ? health['account'] : undefined;
    return typeof account === 'string' ? account : undefined;
  } catch {
    return undefined;
  }
}

/** @returns the exit status of osls: 1 when the function failed or could not be loaded */
async function invokeLocal(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const osls = createRequire(import.meta.url).resolve('osls/bin/serverless.js');
  const command = ['--enable-source-maps', osls, 'invoke', 'local', '--stage', 'local', ...args];
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  spawn(process.execPath, command, { env, stdio: 'inherit' })
    .once('error', reject)
    .once('exit', (status) => resolve(status ?? 1));
  return await promise;
}

process.exitCode = await main(process.argv.slice(2));
