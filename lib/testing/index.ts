/** `lastmile/testing`: a local stack for the tests of a program that uses Lastmile. */
export type { Delivery, DeliveryFilter, WaitOptions } from './deliveries.ts';
export { RefusedCall } from './control-calls.ts';
export type { ReceivedRequest, Receiver, ReceiverAnswer } from './receiver.ts';
export { startReceiver } from './receiver.ts';
export type { CreatedDestination, DestinationOptions, StackOptions, TestStack } from './stack.ts';
export { startStack } from './stack.ts';
