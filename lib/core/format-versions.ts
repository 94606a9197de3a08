/*
 * Versions of what outlives the worker that wrote it. A number is raised by a change that an older worker must not
 * overlook; members that it may overlook are added without.
 */

/** Of what our messages say of themselves. */
export const messageVersion = 1;

/** Of an item of the table. */
export const itemVersion = 1;
