import { messageOf } from '../base/error.ts';
import type { FieldViolation } from '../base/error.ts';

export interface CommandFailureInit {
  /** Exit code of the command instead of the one that such a failure has otherwise. */
  readonly exitCode?: number;
  /** Tells a violation of the hub in the user's own words: where in a file the field stands. */
  readonly translate?: (violation: FieldViolation) => FieldViolation;
}

/** A failure that a command tells in its own way; the cause is what failed. */
export class CommandFailure extends Error {
  readonly exitCode: number | undefined;
  readonly translate: (violation: FieldViolation) => FieldViolation;

  constructor(cause: unknown, { exitCode, translate = (violation) => violation }: CommandFailureInit) {
    super(messageOf(cause), { cause });
    this.name = 'CommandFailure';
    this.exitCode = exitCode;
    this.translate = translate;
  }
}
