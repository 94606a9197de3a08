import type { ConsoleOperation } from '../../api/operations.ts';
import type { ApiKeyOperations } from './api-key-operations.ts';
import type { EventBridgeOperations } from './eventbridge-operations.ts';
import type { LastmileOperations } from './lastmile-operations.ts';
import type { OwnOperations } from './own-operations.ts';

type AllOperations = EventBridgeOperations & ApiKeyOperations & LastmileOperations & OwnOperations;

/** Every operation that the page may call. An operation of `consoleOperations` that has no type here does not compile. */
export type Operations = { readonly [Name in ConsoleOperation]: AllOperations[Name] };

export type InputOf<Name extends ConsoleOperation> = Operations[Name]['input'];
export type OutputOf<Name extends ConsoleOperation> = Operations[Name]['output'];
