import appsync from '../models/appsync-2017-07-25.json' with { type: 'json' };
import events from '../models/events-2015-10-07.json' with { type: 'json' };
import lastmile from '../models/lastmile-2026-11-01.json' with { type: 'json' };
import type { ServiceModel } from './service-model.ts';

/** The part of AWS AppSync's model that concerns API keys. */
export const appsyncModel = appsync as unknown as ServiceModel;

/** The operations that EventBridge does not have: policies, pauses and the health of API destinations, the history of deliveries. */
export const lastmileModel = lastmile as unknown as ServiceModel;

/** The part of X-Amz-Target before the dot. */
export const lastmileTargetPrefix = lastmile.metadata.targetPrefix;

/** The part of Amazon EventBridge's model that the control API and the local bus need. */
export const eventsModel = events as unknown as ServiceModel;

/** The part of X-Amz-Target before the dot. */
export const eventsTargetPrefix = events.metadata.targetPrefix;
