/** What a connection's owner allows beyond what EventBridge knows; every member is optional. */
export interface ConnectionPolicy {
  /**
   * The only hosts that requests with its credentials may go to: `api.example.com`, or `*.example.com` for every name with
   * one label more, in lower case. Absent: any.
   */
  readonly allowedHosts?: readonly string[];
  /** A secret that the owner keeps, whose current version holds the credentials, instead of the connection's own. */
  readonly secretArn?: string;
}
