import file from './models/lastmile-2026-11-01.json' with { type: 'json' };
import type { ServiceModel } from './service-model.ts';

/** The operations that EventBridge does not have: policies of API destinations and connections. */
export const lastmileModel = file as unknown as ServiceModel;

/** What stands before the dot in X-Amz-Target. */
export const lastmileTargetPrefix = file.metadata.targetPrefix;
