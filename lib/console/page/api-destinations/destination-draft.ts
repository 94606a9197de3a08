import type { ApiDestinationDetails, HttpMethod } from '../data/eventbridge-operations.ts';
import type { InputOf } from '../data/operations.ts';

export const httpMethods: readonly HttpMethod[] = ['POST', 'GET', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'];

/** EventBridge's default. Source: EventBridge user guide, API destinations. */
export const defaultRatePerSecond = 300;

/** What the form for an API destination holds. */
export interface DestinationDraft {
  readonly name: string;
  readonly description: string;
  readonly endpoint: string;
  readonly httpMethod: HttpMethod;
  /** As it was typed; empty means the default. */
  readonly ratePerSecond: string;
  /** Empty while none is chosen. */
  readonly connectionArn: string;
}

export const emptyDestination: DestinationDraft = {
  name: '',
  description: '',
  endpoint: '',
  httpMethod: 'POST',
  ratePerSecond: '',
  connectionArn: '',
};

export function draftOfDestination(destination: ApiDestinationDetails): DestinationDraft {
  return {
    name: destination.Name ?? '',
    description: destination.Description ?? '',
    endpoint: destination.InvocationEndpoint ?? '',
    httpMethod: destination.HttpMethod ?? 'POST',
    ratePerSecond: String(destination.InvocationRateLimitPerSecond ?? ''),
    connectionArn: destination.ConnectionArn ?? '',
  };
}

export function createInput(draft: DestinationDraft): InputOf<'CreateApiDestination'> {
  return {
    Name: draft.name,
    ...(draft.description !== '' && { Description: draft.description }),
    ConnectionArn: draft.connectionArn,
    InvocationEndpoint: draft.endpoint,
    HttpMethod: draft.httpMethod,
    ...rateOf(draft),
  };
}

export function updateInput(draft: DestinationDraft): InputOf<'UpdateApiDestination'> {
  return { ...createInput(draft), Description: draft.description };
}

/** A text that is not a number goes to the service as it is, which says what is wrong with it. */
function rateOf({ ratePerSecond }: DestinationDraft): { readonly InvocationRateLimitPerSecond?: number } {
  const text = ratePerSecond.trim();
  if (text === '') return {};
  const number = Number(text);
  return { InvocationRateLimitPerSecond: Number.isNaN(number) ? (text as unknown as number) : number };
}

/** The name in the ARN of a connection or an API destination: `arn:...:connection/<name>/<id>`. */
export function nameInArn(arn: string | undefined): string {
  return arn?.split('/')[1] ?? '';
}
