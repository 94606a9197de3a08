import file from './models/events-2015-10-07.json' with { type: 'json' };
import type { ServiceModel } from './service-model.ts';

/** Amazon EventBridge, as far as the control API and the local bus need it. */
export const eventsModel = file as unknown as ServiceModel;

/** What stands before the dot in X-Amz-Target. */
export const eventsTargetPrefix = file.metadata.targetPrefix;
