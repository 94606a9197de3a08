/* The environment variables of `deliver`, `deliver-queued` and `control-api` that depend on stage parameters. */
const { readParameters } = require('./parameters.cjs');
const { subbed } = require('./template.cjs');

module.exports = async ({ resolveVariable }) => {
  const { keepEventsDays, orderedDeliveries, maximumConcurrency, batchingWindowSeconds } = await readParameters(resolveVariable);
  const shared = {
    KEPT_EVENTS_URL: keepEventsDays > 0 ? subbed('https://${KeptEvents.RegionalDomainName}/events/') : '',
    ...(orderedDeliveries && { ORDERED_QUEUE_URL: { Ref: 'OrderedDeliveryQueue' } }),
  };
  return {
    shared,
    deliverQueued: {
      MAXIMUM_INVOCATIONS: String(maximumConcurrency),
      BATCHING_WINDOW_SECONDS: String(batchingWindowSeconds),
      ...shared,
    },
  };
};
