import { startProxy } from '../servers/endpoints/forwarding-server.ts';

export interface UpdateProxy {
  readonly endpoint: string;
  /** Lets the next change set that is executed fail as in AWS: the resource cannot be updated, and the stack goes back. */
  failNext(failure: FailedResource): void;
  /** How many requests wrote to the bucket of another account. */
  writesToForeignBucket(): number;
  stop(): Promise<void>;
}

/** A bucket of another account. */
export const foreignBucket = 'lastmile-of-somebody-else';

export interface FailedResource {
  readonly logicalId: string;
  readonly type: string;
  readonly reason: string;
}

/**
 * A proxy before moto that corrects three faults of moto. A change set that is executed never fails there; after `failNext`, the
 * next execution is not forwarded, and the events of the stack are those of a failed update in AWS. And CloudFormation of moto has no
 * dashboard that refers to alarms, so alarms and dashboard are left out of uploaded templates. And S3 of moto ignores who must own a bucket.
 */
export async function startUpdateProxy(moto: string): Promise<UpdateProxy> {
  let next: FailedResource | undefined;
  let failing: FailedResource | undefined;
  let writes = 0;
  const proxy = await startProxy(moto, async ({ method, url = '', headers }, body, forward) => {
    if (url.startsWith(`/${foreignBucket}`)) {
      if (headers['x-amz-expected-bucket-owner'] !== undefined)
        return { status: 403, headers: {}, body: Buffer.from('') };
      if (method !== 'HEAD' && method !== 'GET') writes += 1;
    }
    if (method === 'PUT' && url.includes('.template.json')) return await forward(withoutAlarms(body));
    const form = new URLSearchParams(body.toString());
    const action = form.get('Action');
    if (action === 'ExecuteChangeSet' && next !== undefined) {
      [failing, next] = [next, undefined];
      return xml('<ExecuteChangeSetResponse><ExecuteChangeSetResult/></ExecuteChangeSetResponse>');
    }
    const answer = await forward(body);
    if (action !== 'DescribeStackEvents' || failing === undefined) return answer;
    const events = failedUpdate(form.get('StackName') ?? '', failing);
    failing = undefined;
    return { ...answer, body: Buffer.from(answer.body.toString().replace('<StackEvents>', `<StackEvents>${events}`)) };
  });
  return { ...proxy, writesToForeignBucket: () => writes, failNext: (failure) => (next = failure) };
}

function withoutAlarms(body: Buffer): Buffer {
  const { Resources, ...template } = JSON.parse(body.toString()) as {
    readonly Resources: Readonly<Record<string, { readonly Type: string }>>;
  };
  const kept = Object.entries(Resources).filter(([, { Type }]) => !Type.startsWith('AWS::CloudWatch::'));
  return Buffer.from(JSON.stringify({ ...template, Resources: Object.fromEntries(kept) }));
}

function xml(text: string) {
  return { status: 200, headers: { 'content-type': 'text/xml' }, body: Buffer.from(text) };
}

/** The newest event comes first. */
function failedUpdate(stackId: string, { logicalId, type, reason }: FailedResource): string {
  const stack = ['lastmile', 'AWS::CloudFormation::Stack', stackId] as const;
  const rows = [
    [...stack, 'UPDATE_ROLLBACK_COMPLETE', ''],
    [...stack, 'UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS', ''],
    [...stack, 'UPDATE_ROLLBACK_IN_PROGRESS', `The following resource(s) failed to update: [${logicalId}].`],
    ['Dashboard', 'AWS::CloudWatch::Dashboard', 'dashboard', 'UPDATE_FAILED', 'Resource update cancelled'],
    [logicalId, type, 'physical', 'UPDATE_FAILED', reason],
    [...stack, 'UPDATE_IN_PROGRESS', 'User Initiated'],
  ];
  return rows
    .map(([id, resourceType, physicalId, status, text], index) =>
      [
        '<member>',
        `<EventId>failed-${index}</EventId><StackId>${stackId}</StackId><StackName>lastmile</StackName>`,
        `<LogicalResourceId>${id}</LogicalResourceId><ResourceType>${resourceType}</ResourceType>`,
        `<PhysicalResourceId>${physicalId}</PhysicalResourceId><ResourceStatus>${status}</ResourceStatus>`,
        `<Timestamp>2026-11-28T12:00:0${9 - index}Z</Timestamp><ResourceStatusReason>${text}</ResourceStatusReason>`,
        '</member>',
      ].join(''),
    )
    .join('');
}
