/* storage.cjs defines the bucket of kept events. */
const { subbed } = require('./template.cjs');

/** All keys begin with `events/` (lib/core/message/kept-deliveries.ts). */
const keptObjects = subbed('${KeptEvents.Arn}/events/*');

module.exports = { keptObjects };
