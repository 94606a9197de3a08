/** The circumstances that the bench imitates. */

/** A function with 512 MB gets this part of a core. Source: Lambda developer guide, "Configure Lambda function memory": 1,769 MB are one core. */
export const cores = 512 / 1769;

/** How long DynamoDB, SQS and Secrets Manager take to answer. */
export const storeMs = 4;
export const endpointMs = 50;

/**
 * A function that has used its part of a period waits until the period ends. The kernel's own period is 100 ms. AWS does not
 * say which one Lambda has, so a short one is measured too.
 */
export const periodsUs = [100_000, 20_000] as const;
