import { startProxy } from '../servers/endpoints/forwarding-server.ts';

export interface DeploymentProxy {
  readonly endpoint: string;
  /** The times in the names of the deployments that were uploaded, in the order of the uploads. */
  readonly deploymentTimes: readonly number[];
  stop(): Promise<void>;
}

/**
 * A proxy before moto that corrects one fault of moto: a function keeps the time of its creation as LastModified when its code
 * changes. In AWS this is the time of the change, and osls compares it with the times of the files in the bucket.
 */
export async function startDeploymentProxy(moto: string): Promise<DeploymentProxy> {
  let changedAtMs = 0;
  const deploymentTimes: number[] = [];
  const proxy = await startProxy(moto, async ({ method, url = '' }, body, forward) => {
    const answer = await forward(body);
    const [, time] = stateFile.exec(url) ?? [];
    if (method === 'PUT' && time !== undefined) deploymentTimes.push(Number(time));
    if (body.includes('Action=ExecuteChangeSet')) changedAtMs = Date.now();
    const isFunction = /^\/2015-03-31\/functions\/[^/]+$/.test(url) && answer.status === 200;
    return isFunction ? { ...answer, body: withTime(answer.body, changedAtMs) } : answer;
  });
  return { ...proxy, deploymentTimes };
}

/** The path of the file that osls uploads once in each deployment. */
const stateFile = /\/serverless\/[^/]+\/[^/]+\/(\d+)-[^/]+\/serverless-state\.json/;

function withTime(answer: Buffer, timeMs: number): Buffer {
  const { Configuration, ...rest } = JSON.parse(answer.toString()) as { readonly Configuration: object };
  const LastModified = new Date(timeMs).toISOString().replace('Z', '+0000');
  return Buffer.from(JSON.stringify({ ...rest, Configuration: { ...Configuration, LastModified } }));
}
