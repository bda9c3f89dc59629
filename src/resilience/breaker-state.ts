import type { BreakerSignal } from './breaker-signal.ts';
import { FailureWindow } from './failure-window.ts';
import type { BreakerConfig } from './policy.ts';

/** A call let through while the breaker is half open, whose end is not known yet. */
export interface Trial {
  readonly id: number;
  readonly sinceMs: number;
}

/**
 * The state of one breaker. A new object, with a higher `epoch`, is a new state; the counts inside a state change in
 * place, because CLOSED is on the path of every call. All times are of one clock that never goes back.
 * `cause` is one line for people: why it is in this state.
 */
export type BreakerState =
  | {
      readonly kind: 'CLOSED';
      readonly epoch: number;
      readonly cause: string;
      consecutiveFailures: number;
      readonly window: FailureWindow;
    }
  | {
      readonly kind: 'OPEN';
      readonly epoch: number;
      readonly cause: string;
      /** Failures in the window when it opened. */
      readonly failures: number;
      readonly untilMs: number;
    }
  | {
      readonly kind: 'HALF_OPEN';
      readonly epoch: number;
      readonly cause: string;
      readonly failures: number;
      /** Never more than `halfOpenCalls`. */
      readonly trials: Trial[];
      /** Trials that succeeded in this epoch. */
      successes: number;
    }
  | {
      readonly kind: 'FORCED_OPEN';
      readonly epoch: number;
      readonly cause: string;
      readonly failures: number;
      /** `Infinity`: until it is reset. */
      readonly untilMs: number;
    };

export type ClosedState = Extract<BreakerState, { kind: 'CLOSED' }>;
export type HalfOpenState = Extract<BreakerState, { kind: 'HALF_OPEN' }>;

export type BreakerEvent =
  /** Time has passed; nothing else happened. */
  | { readonly type: 'time'; readonly atMs: number }
  /** A trial call is let through. Only after {@link admission} allowed one. */
  | { readonly type: 'trial'; readonly atMs: number; readonly id: number }
  /** A call has ended that was let through in `epoch`; `trialId` when it was a trial. */
  | {
      readonly type: 'settled';
      readonly atMs: number;
      readonly epoch: number;
      readonly trialId: number | undefined;
      readonly signal: BreakerSignal;
      readonly cause: string;
    }
  | { readonly type: 'trip'; readonly atMs: number; readonly untilMs: number; readonly cause: string }
  | { readonly type: 'reset'; readonly atMs: number; readonly cause: string };

/** What a refused caller is told to wait while every trial slot is taken, in ms. */
export const halfOpenRetryAfterMs = 1000;

export type Admission = { readonly admits: true } | { readonly admits: false; readonly retryAfterMs: number };

/** The state of a new breaker. */
export function closedBreaker(config: BreakerConfig): ClosedState {
  return closed(0, '', config);
}

/**
 * The state after an event; the same object when the state stays. OPEN becomes HALF_OPEN once `untilMs` has come, as
 * does FORCED_OPEN: what was forced is tried out before it is trusted. HALF_OPEN closes when `halfOpenCalls` trials
 * have succeeded, and opens again at the first failure. A trial that has not settled after `openForMs` loses its
 * slot; should it settle later in the same epoch, its outcome still counts. Calls of an earlier epoch change nothing.
 */
export function transition(state: BreakerState, event: BreakerEvent, config: BreakerConfig): BreakerState {
  switch (event.type) {
    case 'time':
      return passTime(state, event.atMs, config);
    case 'trial':
      if (state.kind === 'HALF_OPEN') state.trials.push({ id: event.id, sinceMs: event.atMs });
      return state;
    case 'settled':
      if (event.epoch !== state.epoch) return state;
      if (state.kind === 'CLOSED') return settleClosed(state, event, config);
      if (state.kind === 'HALF_OPEN') return settleTrial(state, event, config);
      return state;
    case 'trip':
      return {
        kind: 'FORCED_OPEN',
        epoch: state.epoch + 1,
        cause: event.cause,
        failures: failuresOf(state),
        untilMs: event.untilMs,
      };
    case 'reset':
      return closed(state.epoch + 1, event.cause, config);
  }
}

/** Whether a call would be let through at `atMs`; takes nothing and changes nothing. */
export function admission(state: BreakerState, atMs: number, config: BreakerConfig): Admission {
  switch (state.kind) {
    case 'CLOSED':
      return admitted;
    case 'OPEN':
      return atMs >= state.untilMs ? admitted : refused(state.untilMs - atMs);
    case 'FORCED_OPEN':
      if (state.untilMs === Infinity) return refused(config.openForMs);
      return atMs >= state.untilMs ? admitted : refused(state.untilMs - atMs);
    case 'HALF_OPEN': {
      if (state.successes >= config.halfOpenCalls) return admitted;
      let inFlight = 0;
      for (const trial of state.trials) if (atMs < trial.sinceMs + config.openForMs) inFlight += 1;
      // Successes keep their slots: no more trials than it takes to close.
      return inFlight + state.successes < config.halfOpenCalls ? admitted : refused(halfOpenRetryAfterMs);
    }
  }
}

/** When time alone changes the state next; `Infinity`: never. */
export function nextChangeMs(state: BreakerState): number {
  return state.kind === 'OPEN' || state.kind === 'FORCED_OPEN' ? state.untilMs : Infinity;
}

/** Failures in the window: now while CLOSED, else when it left CLOSED. */
export function failuresOf(state: BreakerState): number {
  return state.kind === 'CLOSED' ? state.window.failures : state.failures;
}

const admitted: Admission = { admits: true };

function refused(retryAfterMs: number): Admission {
  return { admits: false, retryAfterMs: Math.max(1, Math.ceil(retryAfterMs)) };
}

function closed(epoch: number, cause: string, config: BreakerConfig): ClosedState {
  return { kind: 'CLOSED', epoch, cause, consecutiveFailures: 0, window: new FailureWindow(config.windowMs) };
}

function passTime(state: BreakerState, atMs: number, config: BreakerConfig): BreakerState {
  switch (state.kind) {
    case 'CLOSED':
      state.window.advance(atMs);
      return state;
    case 'OPEN':
    case 'FORCED_OPEN':
      if (atMs < state.untilMs) return state;
      return {
        kind: 'HALF_OPEN',
        epoch: state.epoch + 1,
        cause: state.cause,
        failures: state.failures,
        trials: [],
        successes: 0,
      };
    case 'HALF_OPEN': {
      // The configuration may have come to ask for fewer trials than have succeeded.
      if (state.successes >= config.halfOpenCalls) return recovered(state, config);
      // Trials are in the order of their start.
      const lost = state.trials.findIndex((trial) => atMs < trial.sinceMs + config.openForMs);
      state.trials.splice(0, lost === -1 ? state.trials.length : lost);
      return state;
    }
  }
}

type Settled = Extract<BreakerEvent, { type: 'settled' }>;

function settleClosed(state: ClosedState, event: Settled, config: BreakerConfig): BreakerState {
  if (event.signal === 'ignored') return state;
  const { window } = state;
  const failed = event.signal === 'failure';
  state.consecutiveFailures = failed ? state.consecutiveFailures + 1 : 0;
  window.record(failed, event.atMs);
  const { consecutiveFailures, failureRate, minimumCalls } = config;
  if (consecutiveFailures > 0 && state.consecutiveFailures >= consecutiveFailures) {
    return opened(state, event, config, `${state.consecutiveFailures} failures in a row`);
  }
  // Asked after a success too: it may be the call that makes the minimum.
  if (failureRate > 0 && window.calls >= minimumCalls && window.failures >= failureRate * window.calls) {
    return opened(
      state,
      event,
      config,
      `${window.failures} of ${window.calls} calls failed within ${Math.round(window.windowMs / 1000)} s`,
    );
  }
  return state;
}

function settleTrial(state: HalfOpenState, event: Settled, config: BreakerConfig): BreakerState {
  const slot = state.trials.findIndex(({ id }) => id === event.trialId);
  if (slot !== -1) state.trials.splice(slot, 1);
  if (event.signal === 'ignored') return state;
  if (event.signal === 'failure') return opened(state, event, config, 'a trial call failed');
  state.successes += 1;
  return state.successes >= config.halfOpenCalls ? recovered(state, config) : state;
}

function recovered(state: HalfOpenState, config: BreakerConfig): BreakerState {
  return closed(state.epoch + 1, `${state.successes} trial calls succeeded`, config);
}

function opened(state: BreakerState, event: Settled, config: BreakerConfig, rule: string): BreakerState {
  return {
    kind: 'OPEN',
    epoch: state.epoch + 1,
    cause: event.cause === '' ? rule : `${rule}; the last: ${event.cause}`,
    failures: failuresOf(state),
    untilMs: event.atMs + config.openForMs,
  };
}
