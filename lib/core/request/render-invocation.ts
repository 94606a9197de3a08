import { idempotencyKey, idempotencyName } from './idempotency-key.ts';
import type { Delivery, EventDocument, InvocationRequest, TargetHttpParameters } from '../delivery/delivery.ts';
import type { ApiDestination, HttpMethod } from '../destination/api-destination.ts';
import type { ConnectionSecret, HttpParameter } from '../destination/connection-secret.ts';
import type { ResolvedDestination } from '../destination/resolved-destination.ts';
import { authorizationHeaderName } from './authorization-header.ts';
import type { Content } from './request-form.ts';
import { HeaderFields, isForwarded } from './header-rules.ts';
import type { InvocationEndpoint, QueryParameter } from './invocation-endpoint.ts';
import { compileInvocationEndpoint, fillWildcards, mergeQuery } from './invocation-endpoint.ts';
import { contentTypeOf, renderBody } from './render-body.ts';
import { parameterText, pathParameterText } from './target-parameters.ts';

export interface RenderContext {
  /** Value of User-Agent, which no parameter can change. */
  readonly userAgent: string;
}

/** The parts that all requests of one API destination share while the connection's secret stays the same. */
interface Plan {
  readonly name: string;
  readonly method: HttpMethod;
  readonly secret: ConnectionSecret;
  readonly userAgent: string;
  readonly endpoint: InvocationEndpoint;
  readonly query: readonly QueryParameter[];
  readonly bodyParameters: readonly HttpParameter[];
  /** The connection's own header fields, which a target cannot replace. */
  readonly connectionFields: HeaderFields;
  readonly fields: HeaderFields;
  readonly authorizationName: string;
  readonly carriesBody: boolean;
  /** Path and headers for targets without parameters. The path is undefined when the endpoint has wildcards. */
  readonly path: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

const plans = new WeakMap<ApiDestination, Plan>();

type Destination = Pick<ResolvedDestination, 'apiDestination' | 'secret' | 'policy' | 'renderForm'>;

/**
 * Builds the request without its authorization. A parameter of the connection replaces one of the target, and a parameter of
 * the target replaces one of the endpoint's URL. Dynamic parameters are read from the original event, not the transformed one.
 *
 * @throws Failure InvalidInvocation when no request can be built; it names what is wrong, never a value
 */
export function renderInvocation(
  delivery: Delivery,
  destination: Destination,
  context: RenderContext,
): InvocationRequest {
  const { apiDestination, secret, policy, renderForm } = destination;
  const plan = planFor(apiDestination, secret, context.userAgent);
  const made = delivery.output === undefined ? delivery : { ...delivery, event: delivery.output };
  return renderForm === undefined
    ? render(plan, delivery, { delivery: made, contentType: contentTypeOf(made) })
    : renderForm({
        delivery,
        made,
        policy,
        arn: apiDestination.arn,
        render: (content) => render(plan, delivery, content),
      });
}

function render(plan: Plan, delivery: Delivery, content: Content): InvocationRequest {
  const parameters = delivery.target.HttpParameters;
  const request = {
    stage: 'rendered',
    method: plan.method,
    origin: plan.endpoint.origin,
    path:
      parameters === undefined && plan.path !== undefined
        ? plan.path
        : renderPath(plan, parameters ?? {}, delivery.event),
    headers: renderHeaders(plan, parameters?.HeaderParameters, delivery, content.contentType),
  } as const;
  return plan.carriesBody ? { ...request, body: renderBody(content.delivery, plan.bodyParameters) } : request;
}

function planFor(apiDestination: ApiDestination, secret: ConnectionSecret, userAgent: string): Plan {
  const known = plans.get(apiDestination);
  if (known !== undefined && known.secret === secret && known.userAgent === userAgent) return known;
  const plan = makePlan(apiDestination, secret, userAgent);
  plans.set(apiDestination, plan);
  return plan;
}

function makePlan(apiDestination: ApiDestination, secret: ConnectionSecret, userAgent: string): Plan {
  const parameters = secret.invocationHttpParameters;
  const endpoint = compileInvocationEndpoint(apiDestination.invocationEndpoint);
  const query = (parameters?.queryStringParameters ?? []).map(({ key, value }) => [key, value] as const);
  const authorizationName = authorizationHeaderName(secret.credentials);
  const connectionFields = new HeaderFields();
  for (const { key, value } of parameters?.headerParameters ?? []) connectionFields.setParameter(key, value);
  const fields = defaultFields(userAgent);
  fields.setAll(connectionFields);
  fields.remove(authorizationName);
  return {
    name: apiDestination.name,
    method: apiDestination.httpMethod,
    secret,
    userAgent,
    endpoint,
    query,
    bodyParameters: parameters?.bodyParameters ?? [],
    connectionFields,
    fields,
    authorizationName,
    carriesBody: apiDestination.httpMethod !== 'GET' && apiDestination.httpMethod !== 'HEAD',
    path: endpoint.pieces.length === 1 ? mergeQuery(fillWildcards(endpoint, []), query) : undefined,
    headers: fields.toRecord(),
  };
}

/** Source: EventBridge user guide, headers of requests to API destinations. */
function defaultFields(userAgent: string): HeaderFields {
  const fields = new HeaderFields();
  fields.set('Content-Type', 'application/json; charset=utf-8');
  fields.set('User-Agent', userAgent);
  fields.set('Range', 'bytes=0-1048575');
  fields.set('Accept-Encoding', 'gzip,deflate');
  return fields;
}

function renderPath(plan: Plan, parameters: TargetHttpParameters, event: EventDocument): string {
  const at = 'target.HttpParameters';
  const values = (parameters.PathParameterValues ?? []).map((parameter, index) =>
    pathParameterText(parameter, event, `${at}.PathParameterValues[${index}]`),
  );
  const query = new Map<string, string>();
  for (const [key, value] of Object.entries(parameters.QueryStringParameters ?? {})) {
    const field = `${at}.QueryStringParameters.${key}`;
    const name = parameterText(key, event, field);
    // A key whose path finds nothing is left out.
    if (name !== '') query.set(name, parameterText(value, event, field));
  }
  for (const [key] of plan.query) query.delete(key);
  return mergeQuery(fillWildcards(plan.endpoint, values), [...query, ...plan.query]);
}

function renderHeaders(
  plan: Plan,
  parameters: TargetHttpParameters['HeaderParameters'],
  delivery: Delivery,
  contentType: string | undefined,
): Readonly<Record<string, string>> {
  const isPlain = parameters === undefined && contentType === undefined;
  const fields = isPlain ? plan.fields : new HeaderFields(plan.fields);
  if (contentType !== undefined && !plan.connectionFields.has('Content-Type')) fields.set('Content-Type', contentType);
  for (const [name, parameter] of Object.entries(parameters ?? {})) {
    if (!isForwarded(name) || plan.connectionFields.has(name) || isSameName(name, plan.authorizationName)) continue;
    const field = `target.HttpParameters.HeaderParameters.${name}`;
    fields.set(name, parameterText(parameter, delivery.event, field));
  }
  const headers = isPlain ? plan.headers : fields.toRecord();
  // If a parameter of this name is configured, it is sent instead of ours, because its author knows the endpoint.
  if (fields.has(idempotencyName) || isSameName(idempotencyName, plan.authorizationName)) return headers;
  return { ...headers, [idempotencyName]: idempotencyKey(delivery, plan.name) };
}

function isSameName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
