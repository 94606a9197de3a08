/** An operation of the local stack was refused. The name is the service's error code. */
export class RefusedCall extends Error {
  constructor(operation: string, code: string, message: string) {
    super(`${operation}: ${message}`);
    this.name = code;
  }
}

type Members = Readonly<Record<string, unknown>>;

/**
 * Calls an operation of the local stack in the AWS JSON protocol.
 *
 * @param target service and operation, such as `AWSEvents.CreateConnection`
 * @throws RefusedCall
 */
export async function callOperation(url: string, target: string, input: Members): Promise<Members> {
  const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target };
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(input) });
  const output = membersIn(await answer.text());
  if (answer.ok) return output;
  const { __type: code, message = output['Message'] } = output;
  throw new RefusedCall(
    target.replace(/^.*\./, ''),
    typeof code === 'string' ? code.replace(/^.*#/, '') : `HTTP ${answer.status}`,
    typeof message === 'string' ? message : '',
  );
}

/** Runs a function of the local stack without waiting for its end. @throws Error when the stack does not accept the call */
export async function invokeLater(url: string, functionName: string, input: object): Promise<void> {
  const path = `/2015-03-31/functions/${functionName}/invocations`;
  const headers = { 'x-amz-invocation-type': 'Event' };
  const answer = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(input) });
  if (!answer.ok) throw new Error(`The stack refused to invoke ${functionName}: ${await answer.text()}`);
}

function membersIn(text: string): Members {
  const value: unknown = text === '' ? {} : JSON.parse(text);
  return typeof value === 'object' && value !== null ? (value as Members) : {};
}
