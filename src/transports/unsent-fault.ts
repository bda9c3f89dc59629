import type { AttemptReason } from '../base/transport.ts';

/** Why a call was not made: nothing of the message left the hub. The message is one line for people, no secret. */
export class UnsentFault extends Error {
  readonly reason: AttemptReason;

  constructor(reason: AttemptReason, message: string) {
    super(message);
    this.name = 'UnsentFault';
    this.reason = reason;
  }
}
