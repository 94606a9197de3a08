/* The environment variable and the permissions with which the functions keep events. storage.cjs defines the bucket. */
const { readParameters } = require('./parameters.cjs');
const { subbed } = require('./template.cjs');

/** All keys begin with `events/` (lib/core/message/kept-deliveries.ts). */
const keptObjects = subbed('${KeptEvents.Arn}/events/*');

/** The variables of the functions that keep events or read them. Empty means that the stack keeps none. */
async function variables({ resolveVariable }) {
  const { keepEventsDays } = await readParameters(resolveVariable);
  return { KEPT_EVENTS_URL: keepEventsDays > 0 ? subbed('https://${KeptEvents.RegionalDomainName}/events/') : '' };
}

module.exports = Object.assign(variables, { keptObjects });
