/* The environment variables of `deliver`, `deliver-queued`, `control-api` and `resources` that depend on stage parameters. */
const { readParameters } = require('./parameters.cjs');
const { subbed } = require('./template.cjs');

module.exports = async ({ resolveVariable }) => {
  const { keepEventsDays, orderedDeliveries, maximumConcurrency, batchingWindowSeconds } = await readParameters(resolveVariable);
  const resources = orderedDeliveries ? { ORDERED_QUEUE_URL: { Ref: 'OrderedDeliveryQueue' } } : {};
  const shared = {
    KEPT_EVENTS_URL: keepEventsDays > 0 ? subbed('https://${KeptEvents.RegionalDomainName}/events/') : '',
    ...resources,
  };
  return {
    shared,
    // A declared delivery policy may ask for order.
    resources,
    deliverQueued: {
      MAXIMUM_INVOCATIONS: String(maximumConcurrency),
      BATCHING_WINDOW_SECONDS: String(batchingWindowSeconds),
      ...shared,
    },
  };
};
