/** `lastmile/cdk`: connections, API destinations and targets of rules for the AWS CDK. */
export type { ApiDestinationProps } from './api-destination.ts';
export { ApiDestination } from './api-destination.ts';
export type { ConnectionProps } from './connection.ts';
export { Connection } from './connection.ts';
export type { ILastmile, LastmileProps, LastmileReference } from './lastmile.ts';
export { Lastmile } from './lastmile.ts';
export type { LastmileTargetProps, LastmileTransformer, TargetDestination } from './target.ts';
export { LastmileTarget } from './target.ts';
