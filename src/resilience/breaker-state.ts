import type { BreakerSignal } from './breaker-signal.ts';
import { FailureWindow } from './failure-window.ts';
import type { BreakerConfig } from './policy.ts';

/** A call let through while the breaker was half open, whose end is not known yet. */
export interface Trial {
  readonly id: number;
  /** When it loses its slot, should its end never be told. */
  readonly untilMs: number;
}

interface AnyState {
  readonly epoch: number;
  readonly cause: string;
  /**
   * Trials whose end is not known, of this and of earlier epochs: one array through all states, so that a trial that
   * outlives its epoch still holds its slot, and there are never more than allowed at the target.
   */
  readonly trials: Trial[];
}

/**
 * The state of one breaker. A new object, with a higher `epoch`, is a new state; the counts inside a state change in
 * place, because CLOSED is on the path of every call. All times are of one clock that never goes back.
 * `cause` is one line for people: why it is in this state.
 */
export type BreakerState =
  | (AnyState & {
      readonly kind: 'CLOSED';
      consecutiveFailures: number;
      readonly window: FailureWindow;
    })
  | (AnyState & {
      readonly kind: 'OPEN';
      /** Failures in the window when it opened. */
      readonly failures: number;
      readonly untilMs: number;
    })
  | (AnyState & {
      readonly kind: 'HALF_OPEN';
      readonly failures: number;
      /** Trials that succeeded in this epoch. */
      successes: number;
    })
  | (AnyState & {
      readonly kind: ForcedKind;
      readonly failures: number;
      /** `Infinity`: until it is reset. */
      readonly untilMs: number;
    });

/** States that a person puts a breaker into: refuses every call, or lets every call through. */
export type ForcedKind = 'FORCED_OPEN' | 'FORCED_CLOSED';

export type ClosedState = Extract<BreakerState, { kind: 'CLOSED' }>;
export type HalfOpenState = Extract<BreakerState, { kind: 'HALF_OPEN' }>;

export type BreakerEvent =
  /** Time has passed; nothing else happened. */
  | { readonly type: 'time'; readonly atMs: number }
  /** A trial call is let through, which takes `callMs` at most. Only after {@link admission} allowed one. */
  | { readonly type: 'trial'; readonly atMs: number; readonly id: number; readonly callMs: number }
  /** A call has ended that was let through in `epoch`; `trialId` when it was a trial. */
  | {
      readonly type: 'settled';
      readonly atMs: number;
      readonly epoch: number;
      readonly trialId: number | undefined;
      readonly signal: BreakerSignal;
      /** How long it took, in ms; `Infinity` when no answer came. */
      readonly latencyMs: number;
      readonly cause: string;
    }
  | {
      readonly type: 'force';
      readonly kind: ForcedKind;
      readonly atMs: number;
      readonly untilMs: number;
      readonly cause: string;
    }
  | { readonly type: 'reset'; readonly atMs: number; readonly cause: string };

/** What a refused caller is told to wait while every trial slot is taken, in ms. */
export const halfOpenRetryAfterMs = 1000;

/** `retryAfterMs` undefined: nobody knows, since a person keeps it open without end. */
export type Admission =
  { readonly admits: true } | { readonly admits: false; readonly retryAfterMs: number | undefined };

/** The state of a new breaker. */
export function closedBreaker(config: BreakerConfig): ClosedState {
  return closed({ epoch: 0, trials: [] }, '', config);
}

/**
 * The state after an event; the same object when the state stays. OPEN becomes HALF_OPEN once `untilMs` has come, as
 * does FORCED_OPEN: what was forced is tried out before it is trusted; FORCED_CLOSED becomes CLOSED, since calls went
 * through all the while. HALF_OPEN closes when `halfOpenCalls` trials have succeeded, and opens again at the first
 * failure, or slow success where slow calls count. A trial that has not settled after `openForMs`, or after its own time
 * if that is longer, loses its slot; should it settle later in the same epoch, its outcome still counts. Calls of an
 * earlier epoch give their slot back and change nothing else.
 */
export function transition(state: BreakerState, event: BreakerEvent, config: BreakerConfig): BreakerState {
  switch (event.type) {
    case 'time':
      return passTime(state, event.atMs, config);
    case 'trial':
      dropLostTrials(state.trials, event.atMs);
      state.trials.push({ id: event.id, untilMs: event.atMs + Math.max(config.openForMs, event.callMs) });
      return state;
    case 'settled':
      if (event.trialId !== undefined) endTrial(state.trials, event.trialId);
      if (event.epoch !== state.epoch) return state;
      if (state.kind === 'CLOSED') return settleClosed(state, event, config);
      if (state.kind === 'HALF_OPEN') return settleTrial(state, event, config);
      return state;
    case 'force':
      return {
        kind: event.kind,
        epoch: state.epoch + 1,
        cause: event.cause,
        trials: state.trials,
        failures: failuresOf(state),
        untilMs: event.untilMs,
      };
    case 'reset':
      return closed(next(state), event.cause, config);
  }
}

/** Whether a call would be let through at `atMs`; takes nothing and changes nothing. */
export function admission(state: BreakerState, atMs: number, config: BreakerConfig): Admission {
  switch (state.kind) {
    case 'CLOSED':
    case 'FORCED_CLOSED':
      return admitted;
    case 'FORCED_OPEN':
      if (state.untilMs === Infinity) return { admits: false, retryAfterMs: undefined };
      return atMs >= state.untilMs
        ? trialAdmission(state.trials, 0, atMs, config)
        : refused(state.untilMs - atMs);
    case 'OPEN':
      return atMs >= state.untilMs
        ? trialAdmission(state.trials, 0, atMs, config)
        : refused(state.untilMs - atMs);
    case 'HALF_OPEN':
      return state.successes >= config.halfOpenCalls
        ? admitted
        : trialAdmission(state.trials, state.successes, atMs, config);
  }
}

/** When time alone changes the state next; `Infinity`: never. */
export function nextChangeMs(state: BreakerState): number {
  return state.kind === 'CLOSED' || state.kind === 'HALF_OPEN' ? Infinity : state.untilMs;
}

/** Failures in the window: now while CLOSED, else when it left CLOSED. */
export function failuresOf(state: BreakerState): number {
  return state.kind === 'CLOSED' ? state.window.failures : state.failures;
}

const admitted: Admission = { admits: true };

function refused(retryAfterMs: number): Admission {
  return { admits: false, retryAfterMs: Math.max(1, Math.ceil(retryAfterMs)) };
}

/** Successes keep their slots: no more trials than it takes to close. */
function trialAdmission(
  trials: readonly Trial[],
  successes: number,
  atMs: number,
  { halfOpenCalls }: BreakerConfig,
): Admission {
  let inFlight = 0;
  for (const trial of trials) if (atMs < trial.untilMs) inFlight += 1;
  return inFlight + successes < halfOpenCalls ? admitted : refused(halfOpenRetryAfterMs);
}

/** What goes on into the next state. */
function next(state: BreakerState): Pick<BreakerState, 'epoch' | 'trials'> {
  return { epoch: state.epoch + 1, trials: state.trials };
}

function closed(
  { epoch, trials }: Pick<BreakerState, 'epoch' | 'trials'>,
  cause: string,
  config: BreakerConfig,
): ClosedState {
  const window = new FailureWindow(config.windowMs);
  return { kind: 'CLOSED', epoch, cause, trials, consecutiveFailures: 0, window };
}

function passTime(state: BreakerState, atMs: number, config: BreakerConfig): BreakerState {
  switch (state.kind) {
    case 'CLOSED':
      state.window.advance(atMs);
      return state;
    case 'FORCED_CLOSED':
      if (atMs < state.untilMs) return state;
      return closed(next(state), `the time of being forced closed is over: ${state.cause}`, config);
    case 'OPEN':
    case 'FORCED_OPEN': {
      if (atMs < state.untilMs) return state;
      const was = state.kind === 'OPEN' ? 'open' : 'forced open';
      return {
        kind: 'HALF_OPEN',
        ...next(state),
        cause: `the time of being ${was} is over: ${state.cause}`,
        failures: state.failures,
        successes: 0,
      };
    }
    case 'HALF_OPEN':
      // The configuration may have come to ask for fewer trials than have succeeded.
      return state.successes >= config.halfOpenCalls ? recovered(state, config) : state;
  }
}

type Settled = Extract<BreakerEvent, { type: 'settled' }>;

function settleClosed(state: ClosedState, event: Settled, config: BreakerConfig): BreakerState {
  if (event.signal === 'ignored') return state;
  const { window } = state;
  const failed = event.signal === 'failure';
  state.consecutiveFailures = failed ? state.consecutiveFailures + 1 : 0;
  window.record(failed, isSlow(event, config), event.atMs);
  const { consecutiveFailures, failureRate, slowCallRate, minimumCalls, slowCallTimeMs } = config;
  if (consecutiveFailures > 0 && state.consecutiveFailures >= consecutiveFailures) {
    return opened(state, event, config, `${state.consecutiveFailures} failures in a row`);
  }
  // Asked after a success too: it may be the call that makes the minimum.
  if (window.calls < minimumCalls) return state;
  const within = `within ${seconds(window.windowMs)}`;
  if (failureRate > 0 && window.failures >= failureRate * window.calls) {
    return opened(state, event, config, `${window.failures} of ${window.calls} calls failed ${within}`);
  }
  if (slowCallRate > 0 && window.slow >= slowCallRate * window.calls) {
    const rule = `${window.slow} of ${window.calls} calls took ${seconds(slowCallTimeMs)} or longer ${within}`;
    return opened(state, event, config, rule);
  }
  return state;
}

function settleTrial(state: HalfOpenState, event: Settled, config: BreakerConfig): BreakerState {
  if (event.signal === 'ignored') return state;
  if (event.signal === 'failure') return opened(state, event, config, 'a trial call failed');
  if (config.slowCallRate > 0 && isSlow(event, config)) {
    const rule = `a trial call took ${seconds(event.latencyMs)}, slow is ${seconds(config.slowCallTimeMs)} or longer`;
    return opened(state, event, config, rule);
  }
  state.successes += 1;
  return state.successes >= config.halfOpenCalls ? recovered(state, config) : state;
}

/** A slow failure is both; no answer at all is slower than any. */
function isSlow({ latencyMs }: Settled, { slowCallTimeMs }: BreakerConfig): boolean {
  return latencyMs >= slowCallTimeMs;
}

function seconds(ms: number): string {
  return `${Math.round(ms) / 1000} s`;
}

function endTrial(trials: Trial[], id: number): void {
  const slot = trials.findIndex((trial) => trial.id === id);
  if (slot !== -1) trials.splice(slot, 1);
}

function dropLostTrials(trials: Trial[], atMs: number): void {
  for (let slot = trials.length - 1; slot >= 0; slot -= 1) {
    if (atMs >= (trials[slot]?.untilMs ?? 0)) trials.splice(slot, 1);
  }
}

function recovered(state: HalfOpenState, config: BreakerConfig): BreakerState {
  return closed(next(state), `${state.successes} trial calls succeeded`, config);
}

function opened(state: BreakerState, event: Settled, config: BreakerConfig, rule: string): BreakerState {
  return {
    kind: 'OPEN',
    ...next(state),
    cause: event.cause === '' ? rule : `${rule}; the last: ${event.cause}`,
    failures: failuresOf(state),
    untilMs: event.atMs + config.openForMs,
  };
}
