import type { ErrorReason } from './error-catalogue.ts';

/** One thing that is wrong with one field of a request. */
export interface FieldViolation {
  /** Path of the field as the request spells it: `message.target`, `system.interfaces[0].uri`. */
  readonly field: string;
  /** What was found and what is allowed. */
  readonly description: string;
}

/** Whether the target may have acted, on delivery errors. */
export type Executed = 'no' | 'yes' | 'unknown';

export interface HubErrorInit {
  readonly reason: ErrorReason;
  /** What happened and what to do next; no secret, no stack. */
  readonly message: string;
  /** Every value that the message holds, for programs. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** When it makes sense to ask again, in ms from now. */
  readonly retryAfterMs?: number;
  readonly violations?: readonly FieldViolation[];
  readonly resource?: { readonly type: string; readonly name: string };
  readonly executed?: Executed;
  readonly cause?: unknown;
}

/** The one error that domains throw for refusals and faults. The edge maps it to gRPC (rpc/error-mapping.ts). */
export class HubError extends Error {
  readonly reason: ErrorReason;
  readonly metadata: Readonly<Record<string, string>>;
  readonly retryAfterMs: number | undefined;
  readonly violations: readonly FieldViolation[];
  readonly resource: { readonly type: string; readonly name: string } | undefined;
  readonly executed: Executed | undefined;

  constructor(init: HubErrorInit) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = 'HubError';
    this.reason = init.reason;
    this.metadata = init.metadata ?? {};
    this.retryAfterMs = init.retryAfterMs;
    this.violations = init.violations ?? [];
    this.resource = init.resource;
    this.executed = init.executed;
  }
}

/** The INVALID_FIELD error for these violations, with a text that names the first ones. */
export function invalidFields(violations: readonly FieldViolation[]): HubError {
  const shown = violations.slice(0, 3).map(({ field, description }) => `${field}: ${description}`);
  const rest = violations.length - shown.length;
  return new HubError({
    reason: 'INVALID_FIELD',
    message: shown.join('; ') + (rest > 0 ? `; and ${rest} more in the details` : ''),
    violations,
  });
}

/** The message of anything thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
