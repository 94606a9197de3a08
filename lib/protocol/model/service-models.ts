import appsync from '../models/appsync-2017-07-25.json' with { type: 'json' };
import events from '../models/events-2015-10-07.json' with { type: 'json' };
import lastmile from '../models/lastmile-2026-11-01.json' with { type: 'json' };
import type { ServiceModel } from './service-model.ts';

/** AWS AppSync, as far as its API keys go. */
export const appsyncModel = appsync as unknown as ServiceModel;

/** The operations that EventBridge does not have: policies of API destinations and connections. */
export const lastmileModel = lastmile as unknown as ServiceModel;

/** What stands before the dot in X-Amz-Target. */
export const lastmileTargetPrefix = lastmile.metadata.targetPrefix;

/** Amazon EventBridge, as far as the control API and the local bus need it. */
export const eventsModel = events as unknown as ServiceModel;

/** What stands before the dot in X-Amz-Target. */
export const eventsTargetPrefix = events.metadata.targetPrefix;
