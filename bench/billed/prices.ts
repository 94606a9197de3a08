/**
 * US dollars in us-east-1 without free tiers, as of 2025, from the pricing pages of SQS, DynamoDB on demand, and Lambda;
 * that of EventBridge as of June 2026.
 */
export const prices = {
  sqsRequest: 0.4 / 1e6,
  dynamoDbWrite: 0.625 / 1e6,
  lambdaRequest: 0.2 / 1e6,
  /** arm64 */
  lambdaGbSecond: 0.0000133334,
  /** An event of up to 64 KB that EventBridge sends to an API destination. */
  apiDestinationEvent: 0.2 / 1e6,
} as const;

const gigabytes = 0.5;
const million = 1e6;

/** Lambda bills whole milliseconds. */
function invocationPrice(ms: number): number {
  return prices.lambdaRequest + (gigabytes * Math.ceil(ms) * prices.lambdaGbSecond) / 1000;
}

/** The price of a million events through the delivery queue: a send for each event; a receive, a delete, a write and an invocation for every ten. */
export function queuedMillion(msPerBatch: number): number {
  const perBatch = 12 * prices.sqsRequest + prices.dynamoDbWrite + invocationPrice(msPerBatch);
  return (million / 10) * perBatch;
}

/** The price of a million events of rules that target `deliver`. */
export function directMillion(msPerEvent: number): number {
  return million * (prices.dynamoDbWrite + invocationPrice(msPerEvent));
}
