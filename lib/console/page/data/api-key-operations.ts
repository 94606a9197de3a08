import type * as appSync from '@aws-sdk/client-appsync';
import type { OperationOf, Wire } from './wire.ts';

/** Without its secret part, but for the one that CreateApiKey answers with. */
export type ApiKey = Wire<appSync.ApiKey>;

/** The operations of API keys, which have the form of AppSync's. */
export interface ApiKeyOperations {
  ListApiKeys: OperationOf<appSync.ListApiKeysCommandInput, appSync.ListApiKeysCommandOutput>;
  CreateApiKey: OperationOf<appSync.CreateApiKeyCommandInput, appSync.CreateApiKeyCommandOutput>;
  UpdateApiKey: OperationOf<appSync.UpdateApiKeyCommandInput, appSync.UpdateApiKeyCommandOutput>;
  DeleteApiKey: OperationOf<appSync.DeleteApiKeyCommandInput, appSync.DeleteApiKeyCommandOutput>;
}
