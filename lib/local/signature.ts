/** What a request's signature says about where it is meant to go; the signature itself is never checked. */
export interface Signature {
  readonly accessKeyId: string;
  readonly region: string;
  readonly service: string;
}

/** Credential of Signature Version 4: `<access key id>/<date>/<region>/<service>/aws4_request`. */
const credentialPattern = /^([^\s,]{1,128})\/[0-9]{8}\/([a-z0-9-]{1,40})\/([a-z0-9-]{1,40})\/aws4_request$/;

/** @returns undefined when the request is not signed, or not in a way that names region and service */
export function parseSignature(authorization: string | undefined, query: string): Signature | undefined {
  const credential = /^AWS4-[A-Z0-9-]+ .*?Credential=([^\s,]+)/.exec(authorization ?? '')?.[1];
  return parseCredential(credential ?? presignedCredential(query));
}

function presignedCredential(query: string): string | undefined {
  if (!query.includes('X-Amz-Credential=')) return undefined;
  return new URLSearchParams(query).get('X-Amz-Credential') ?? undefined;
}

function parseCredential(credential: string | undefined): Signature | undefined {
  const match = credentialPattern.exec(credential ?? '');
  if (match === null) return undefined;
  const [, accessKeyId = '', region = '', service = ''] = match;
  return { accessKeyId, region, service };
}
