import type { Pool } from 'undici';

const headers = {
  'content-type': 'application/x-amz-json-1.1',
  'x-amz-target': 'AWSEvents.PutEvents',
  authorization:
    'AWS4-HMAC-SHA256 Credential=bench/20260101/us-east-1/events/aws4_request, SignedHeaders=host, Signature=0',
};

/** Content that makes an event about 1 KB large. */
export const lines = Array.from({ length: 12 }, (_, line) => ({
  sku: `LAMP-${line}`,
  quantity: line,
  unitPrice: 9.95,
}));

/** The most entries of one call of PutEvents. */
export const entriesPerRequest = 10;

/** Calls PutEvents without the SDK, which would take more processor time than the stack that is measured. */
export async function putEvents(pool: Pool, Entries: readonly object[]): Promise<void> {
  const { statusCode, body } = await pool.request({
    method: 'POST',
    path: '/',
    headers,
    body: JSON.stringify({ Entries }),
  });
  const text = await body.text();
  if (statusCode !== 200 || !text.includes('"FailedEntryCount":0')) throw new Error(`PutEvents answered ${text}.`);
}
