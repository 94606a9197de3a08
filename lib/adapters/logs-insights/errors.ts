/** A query of Logs Insights that has no result. The message names the cause and the way out, for the person who asked. */
export class LogsQueryError extends Error {
  override readonly name = 'LogsQueryError';
}

const refusals: ReadonlySet<string> = new Set([
  'AccessDeniedException',
  'UnrecognizedClientException',
  'InvalidSignatureException',
  'ExpiredTokenException',
  'IncompleteSignatureException',
]);

/** The account runs too many queries, or the caller makes too many calls. */
export function isBusy(error: unknown): error is Error {
  return error instanceof Error && /^(LimitExceeded|Throttling|TooManyRequests|ServiceQuotaExceeded)/.test(error.name);
}

/** @param action as IAM names it, such as `logs:StartQuery` */
export function queryErrorFrom(error: unknown, action: string, region: string): unknown {
  if (!(error instanceof Error) || error instanceof LogsQueryError) return error;
  return new LogsQueryError(textOf(error, action, region), { cause: error });
}

function textOf(error: Error, action: string, region: string): string {
  const { name, message } = error;
  const said = message === '' ? `${name}.` : `${name}: ${message.replace(/[.\s]*$/, '.')}`;
  if (refusals.has(name))
    return `CloudWatch Logs refuses ${action} in ${region}. ${said} The credentials must be valid and allow logs:StartQuery, logs:GetQueryResults and logs:StopQuery: see "What became of an event" in docs/guide/deploy.md.`;
  if (name === 'CredentialsProviderError')
    return `${action} needs AWS credentials. ${said} Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.`;
  if (name === 'LimitExceededException')
    return `Too many queries of Logs Insights run in this account and region. ${said} Wait until some have ended, and try again.`;
  if (isBusy(error)) return `CloudWatch Logs throttles ${action} in ${region}. ${said} Try again in a minute.`;
  return `${action} failed in ${region}. ${said} Check the region, the address and the network.`;
}
