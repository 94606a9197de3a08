/** The facts about its stack that the page asks for when it starts. */
export interface ConsoleSettings {
  /** `local`: the stack on this machine. `stage`: a deployed stack. */
  readonly door: 'local' | 'stage';
  readonly stage: string;
  /** The region in which the page begins. */
  readonly region: string;
  /** Twelve digits; absent when the door does not know it. */
  readonly account?: string;
  /** Whether every operation that changes something is refused. */
  readonly isReadOnly: boolean;
  /** The private networks that may be called; absent when the door does not know them, empty when there are none. */
  readonly privateNetworks?: string;
  /** The version of Lastmile. */
  readonly version: string;
}

/** The paths of the door. All other paths are pages. */
export const consolePaths = {
  settings: '/_console/settings',
  api: '/_console/api',
  /** Before the name of a file. */
  files: '/_console/files/',
} as const;

/** The body of an answer that is not 200: an error in the form of awsJson. */
export interface ConsoleCallError {
  readonly __type: string;
  readonly message: string;
}
