import type { LambdaClient } from '@aws-sdk/client-lambda';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import type { ConnectionAuthorizer } from '../../ports/control.ts';
import { fromAwsError } from './failures.ts';

/** Invokes the function asynchronously with `{name, incarnation}`. Lambda itself repeats a failed invocation. */
export function createLambdaConnectionAuthorizer(client: LambdaClient, functionName: string): ConnectionAuthorizer {
  return {
    async start({ name, incarnation }) {
      try {
        const payload = new TextEncoder().encode(JSON.stringify({ name, incarnation }));
        await client.send(new InvokeCommand({ FunctionName: functionName, InvocationType: 'Event', Payload: payload }));
      } catch (error) {
        throw fromAwsError(error, 'start the authorization of the connection');
      }
    },
  };
}
