/** Ports of the control API. lib/ports/delivery.ts explains what absent and unavailable mean. */
import type { ApiDestination } from '../core/destination/api-destination.ts';
import type { ApiId, ApiKey } from '../core/api-key/api-key.ts';
import type { Connection, ConnectionState } from '../core/destination/connection.ts';
import type { JsonObject } from '../core/input/json.ts';

/** Asks for a page of a list, in the order of names. */
export interface PageRequest {
  readonly namePrefix?: string;
  /** The last name of the previous page. */
  readonly afterName?: string;
  readonly limit: number;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  /** Absent on the last page. */
  readonly nextAfterName?: string;
}

/** Why a conditional write wrote nothing. */
export type WriteConflict = 'exists' | 'absent' | 'changed';

export interface ConnectionRepository {
  read(name: string): Promise<Connection | undefined>;
  /** Reads at most 100 names. The result is in the order of `names`. */
  readMany(names: readonly string[]): Promise<readonly (Connection | undefined)[]>;
  /** Refused with `exists` when the name is taken. */
  create(connection: Connection): Promise<'written' | WriteConflict>;
  /** Sets the members of `connection`; refused unless the stored incarnation and revision are those of `before`. */
  update(before: Connection, connection: Connection): Promise<'written' | WriteConflict>;
  remove(connection: Connection): Promise<'written' | WriteConflict>;
  list(page: PageRequest & { readonly state?: ConnectionState }): Promise<Page<Connection>>;
  count(): Promise<number>;
}

export interface ApiDestinationRepository {
  read(name: string): Promise<ApiDestination | undefined>;
  create(apiDestination: ApiDestination): Promise<'written' | WriteConflict>;
  update(before: ApiDestination, apiDestination: ApiDestination): Promise<'written' | WriteConflict>;
  remove(apiDestination: ApiDestination): Promise<'written' | WriteConflict>;
  list(page: PageRequest & { readonly connectionArn?: string }): Promise<Page<ApiDestination>>;
  count(): Promise<number>;
}

export interface SecretWriter {
  /** A repeated call with the same name and text has no further effect. */
  create(name: string, text: string): Promise<{ readonly secretArn: string; readonly version: string }>;
  /** Adds a version that is not current yet. */
  addVersion(secretArn: string, text: string): Promise<{ readonly version: string }>;
  makeCurrent(secretArn: string, version: string): Promise<void>;
  /** Deletes the secret at once and for good. Also resolves when there is no such secret. Takes a name or an ARN. */
  remove(secretId: string): Promise<void>;
}

/** Starts the first token request of an OAuth connection and does not wait for it. */
export interface ConnectionAuthorizer {
  start(connection: { readonly name: string; readonly incarnation: string }): Promise<void>;
}

// API keys ------------------------------------------------------------------------------------------------------------

/** API keys as the table stores them. A key whose deletion is due is included until the table has removed it. */
export interface ApiKeyRepository extends ApiKeyReader {
  /** Refused with `exists` when the public id is taken. */
  create(key: ApiKey): Promise<'written' | WriteConflict>;
  /** Sets the members of `key`; refused unless the stored incarnation and revision are those of `before`. */
  update(before: ApiKey, key: ApiKey): Promise<'written' | WriteConflict>;
  remove(key: ApiKey): Promise<'written' | WriteConflict>;
  /** In the order of public ids. */
  list(apiId: ApiId, page: Omit<PageRequest, 'namePrefix'>): Promise<Page<ApiKey>>;
}

export interface ApiKeyReader {
  /** Undefined when that API has no key with that public id. */
  read(apiId: ApiId, publicId: string): Promise<ApiKey | undefined>;
}

/** The stack's root secret. */
export interface RootSecret {
  /** @throws Failure SecretNotFound when the secret does not exist or is empty */
  read(): Promise<string>;
}

/** The EventBridge bus in the stack's account to which clients publish. */
export interface EventBus {
  /**
   * Puts at most ten entries, in the form of EventBridge's own requests. A bus that an entry names is ignored. Answers each
   * entry, in order.
   *
   * @throws ServiceError ValidationException or ThrottlingException when EventBridge refuses the whole request
   */
  put(entries: readonly JsonObject[]): Promise<readonly JsonObject[]>;
}
