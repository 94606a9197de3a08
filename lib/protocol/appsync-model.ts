import file from './models/appsync-2017-07-25.json' with { type: 'json' };
import type { ServiceModel } from './service-model.ts';

/** AWS AppSync, as far as its API keys go. */
export const appsyncModel = file as unknown as ServiceModel;
