/*
 * Versions of messages and items, which outlive the worker that wrote them. A change that an older worker must not overlook
 * increases the number. A new member that an older worker may ignore does not.
 */

/** Version of the messages in the delivery queue and the dead-letter queue. */
export const messageVersion = 1;

/** Version of the items in the table. */
export const itemVersion = 1;
