import type { Clock, Timer } from '../../base/clock.ts';

/** After the signal, time for code to say by itself what it knows, ms. */
const graceMs = 20;

/** Why code was told to stop: the reason of its signal. */
export class GivenUp extends Error {
  readonly reason: 'timeout' | 'cancelled' | 'reset';

  constructor(reason: GivenUp['reason'], message: string) {
    super(message);
    this.name = 'GivenUp';
    this.reason = reason;
  }
}

/** How guarded code ended. */
export type GuardedEnd<T> =
  | { readonly kind: 'value'; readonly value: T }
  | { readonly kind: 'thrown'; readonly thrown: unknown }
  /** It did not end when told to; what it does from here on counts for nothing. */
  | { readonly kind: 'given_up'; readonly why: GivenUp };

export interface GuardedOptions {
  readonly clock: Clock;
  /** Epoch ms. */
  readonly deadlineMs: number;
  /** Whoever waits for it went away. */
  readonly caller?: AbortSignal;
  /** The hub shuts down. */
  readonly closing?: AbortSignal;
}

/** What guarded code is given. */
export interface Within {
  readonly deadlineMs: number;
  /** Aborts when it must end; its reason is a {@link GivenUp}. */
  readonly signal: AbortSignal;
}

/**
 * Runs code that may throw, hang or go on after it was told to stop. `run` is an async function: it begins at once, and
 * what it throws comes as its rejection. Never rejects.
 */
export function guarded<T>(
  { clock, deadlineMs, caller, closing }: GuardedOptions,
  run: (within: Within) => Promise<T>,
): Promise<GuardedEnd<T>> {
  return new Promise((resolve) => {
    const controller = new AbortController();
    let grace: Timer | undefined;
    const settle = (end: GuardedEnd<T>): void => {
      deadline.cancel();
      grace?.cancel();
      caller?.removeEventListener('abort', onCancel);
      closing?.removeEventListener('abort', onClosing);
      resolve(end);
    };
    const giveUp = (why: GivenUp): void => {
      if (grace !== undefined) return;
      grace = clock.after(graceMs, () => settle({ kind: 'given_up', why }));
      controller.abort(why);
    };
    const onCancel = (): void => giveUp(new GivenUp('cancelled', 'cancelled before it ended'));
    const onClosing = (): void => giveUp(new GivenUp('reset', 'the hub is shutting down'));
    const deadline = clock.after(deadlineMs - clock.now(), () =>
      giveUp(new GivenUp('timeout', 'the deadline passed before it ended')),
    );
    caller?.addEventListener('abort', onCancel, { once: true });
    closing?.addEventListener('abort', onClosing, { once: true });
    if (caller?.aborted === true) onCancel();
    run({ deadlineMs, signal: controller.signal }).then(
      (value) => settle({ kind: 'value', value }),
      (thrown: unknown) => settle({ kind: 'thrown', thrown }),
    );
  });
}
