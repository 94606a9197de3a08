import type { RawMessage } from '../../lib/core/message/raw-message.ts';
import { withReason } from '../../lib/core/message/raw-message.ts';
import type { RawMessages } from '../../lib/ports/delivery.ts';

export interface InMemoryRawMessages extends RawMessages {
  readonly sentBack: readonly RawMessage[];
  readonly buried: readonly RawMessage[];
  /** Makes every later write throw this error. */
  failWith(error: unknown): void;
}

export function createInMemoryRawMessages(): InMemoryRawMessages {
  const sentBack: RawMessage[] = [];
  const buried: RawMessage[] = [];
  let failure: { readonly error: unknown } | undefined;
  const throwFailure = (): void => {
    if (failure !== undefined) throw failure.error;
  };
  return {
    sentBack,
    buried,
    async sendBack(message) {
      throwFailure();
      sentBack.push(message);
      return 900_000;
    },
    async sendToDeadLetters(message, reason) {
      throwFailure();
      buried.push(withReason(message, reason));
    },
    failWith(error) {
      failure = { error };
    },
  };
}
