import { maxSynchronousBytes } from '../lambda/lambda.ts';
import { xmlRefusal } from '../sqs/xml.ts';
import type { LocalAnswer, LocalService, Refusal } from './wire.ts';
import { awsJsonRefusal, restJsonRefusal } from './wire.ts';

export type Protocol = 'awsJson1_0' | 'awsJson1_1' | 'query' | 'restJson';

/** One service of the gateway, and the parts of a request by which the gateway finds it. */
export interface Route {
  /** The service name in a request's signature. */
  readonly service: string;
  /** The prefix of X-Amz-Target. */
  readonly target?: string;
  /** The service's paths, for a request with neither a signature nor X-Amz-Target. */
  readonly path?: RegExp;
  readonly protocol: Protocol;
  readonly maxBodyBytes: number;
  readonly serve: LocalService;
}

export interface RequestAddress {
  readonly signedService: string | undefined;
  readonly target: string | undefined;
  readonly path: string;
}

/** Finds the service by the signature, then by X-Amz-Target, then by the path. */
export function findRoute(routes: readonly Route[], request: RequestAddress): Route | undefined {
  if (request.signedService !== undefined) return routes.find((route) => route.service === request.signedService);
  const { target } = request;
  if (target !== undefined) {
    return routes.find((route) => route.target !== undefined && target.startsWith(`${route.target}.`));
  }
  return routes.find((route) => route.path?.test(request.path) === true);
}

/**
 * The protocol in which the client expects an error. It is guessed from the headers if the service is unknown, or if a client of
 * SQS uses JSON instead of the query protocol.
 */
export function protocolOf(route: Route | undefined, request: RequestAddress, contentType: string): Protocol {
  const spoken = route?.protocol === 'query' && request.target !== undefined ? undefined : route?.protocol;
  if (spoken !== undefined) return spoken;
  if (request.target !== undefined) return contentType.includes('json-1.0') ? 'awsJson1_0' : 'awsJson1_1';
  return contentType.includes('x-www-form-urlencoded') ? 'query' : 'restJson';
}

export function refuse(protocol: Protocol, refusal: Refusal): LocalAnswer {
  switch (protocol) {
    case 'awsJson1_0':
      return awsJsonRefusal(refusal, '1.0');
    case 'awsJson1_1':
      return awsJsonRefusal(refusal, '1.1');
    case 'query':
      return xmlRefusal(refusal);
    case 'restJson':
      return restJsonRefusal(refusal);
  }
}

/** The signer, region and service that a request's signature names. The gateway does not verify the signature. */
export interface ClaimedSigner {
  readonly accessKeyId: string;
  readonly region: string;
  readonly service: string;
}

/** Credential of Signature Version 4: `<access key id>/<date>/<region>/<service>/aws4_request`. */
const credentialPattern = /^([^\s,]{1,128})\/[0-9]{8}\/([a-z0-9-]{1,40})\/([a-z0-9-]{1,40})\/aws4_request$/;

/** @returns undefined when the request has no signature that names a region and a service */
export function claimedSigner(authorization: string | undefined, query: string): ClaimedSigner | undefined {
  const credential = /^AWS4-[A-Z0-9-]+ .*?Credential=([^\s,]+)/.exec(authorization ?? '')?.[1];
  return parseCredential(credential ?? presignedCredential(query));
}

function presignedCredential(query: string): string | undefined {
  if (!query.includes('X-Amz-Credential=')) return undefined;
  return new URLSearchParams(query).get('X-Amz-Credential') ?? undefined;
}

function parseCredential(credential: string | undefined): ClaimedSigner | undefined {
  const match = credentialPattern.exec(credential ?? '');
  if (match === null) return undefined;
  const [, accessKeyId = '', region = '', service = ''] = match;
  return { accessKeyId, region, service };
}

const mebibyte = 1_048_576;

/** For each service: how the gateway recognises its requests, and how many bytes of a body it reads. */
export function routesTo(
  services: Readonly<
    Record<'events' | 'appsync' | 'dynamodb' | 'sqs' | 'secretsmanager' | 'lambda' | 'sts', LocalService>
  >,
): readonly Route[] {
  return [
    {
      service: 'events',
      target: 'AWSEvents',
      protocol: 'awsJson1_1',
      maxBodyBytes: maxSynchronousBytes,
      serve: services.events,
    },
    {
      service: 'events',
      target: 'Lastmile',
      protocol: 'awsJson1_1',
      maxBodyBytes: mebibyte,
      serve: services.events,
    },
    {
      service: 'appsync',
      path: /^\/v1\/apis\//,
      protocol: 'restJson',
      maxBodyBytes: mebibyte,
      serve: services.appsync,
    },
    {
      service: 'dynamodb',
      target: 'DynamoDB_20120810',
      protocol: 'awsJson1_0',
      maxBodyBytes: 16 * mebibyte,
      serve: services.dynamodb,
    },
    {
      service: 'sqs',
      target: 'AmazonSQS',
      path: /^\/[0-9]{12}\//,
      protocol: 'query',
      // Enough for a batch of 1 MiB in which the query protocol has percent-encoded every byte, with room for the names.
      maxBodyBytes: 4 * mebibyte,
      serve: services.sqs,
    },
    {
      service: 'secretsmanager',
      target: 'secretsmanager',
      protocol: 'awsJson1_1',
      maxBodyBytes: mebibyte,
      serve: services.secretsmanager,
    },
    {
      service: 'lambda',
      path: /^\/2015-03-31\/functions\//,
      protocol: 'restJson',
      maxBodyBytes: maxSynchronousBytes + mebibyte,
      serve: services.lambda,
    },
    { service: 'sts', protocol: 'query', maxBodyBytes: mebibyte, serve: services.sts },
  ];
}
