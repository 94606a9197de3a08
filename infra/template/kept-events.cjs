/* What the functions need for kept events. storage.cjs has their bucket. */
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
