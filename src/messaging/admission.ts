import type { Priority } from '../base/message.ts';
import type { Endpoint } from '../base/transport.ts';
import type { AttemptTimeout } from '../resilience/attempt-timeout.ts';
import type { LimitRefusal, TargetPermit } from '../resilience/limit-board.ts';
import { OpenAttempt } from './attempt.ts';
import type { Candidate } from './candidate.ts';
import type { DeliveryPorts } from './delivery-ports.ts';

/** On whose behalf an attempt is let in. */
export interface Asker {
  readonly messageType: string;
  readonly priority: Priority;
  /** No attempt starts from then on, epoch ms. */
  readonly startUntilMs: number;
  readonly signal: AbortSignal;
  /** What an attempt that starts at `nowMs` would get; undefined: that is too late for one. */
  timing(nowMs: number): AttemptTimeout | undefined;
  /** The endpoint as it is after a wait; undefined: it must not be asked any more. */
  current(endpoint: Endpoint): Endpoint | undefined;
}

/**
 * Why nobody was let in. `candidates`: the breaker of each refuses, or there is none. `limit`: a limit of the hub, which
 * is given. `deadline`: the wait for a place took too long. `cancelled`: the caller went away meanwhile. `left`: the one
 * that was waited for is out of rotation by now, and others are to be looked for.
 */
export type NotAdmitted =
  | { readonly stop: 'candidates' | 'deadline' | 'cancelled' | 'left' }
  | { readonly stop: 'limit'; readonly refusal: LimitRefusal };

const nobody: NotAdmitted = { stop: 'candidates' };
const tooLate: NotAdmitted = { stop: 'deadline' };
const cancelled: NotAdmitted = { stop: 'cancelled' };
const left: NotAdmitted = { stop: 'left' };

/** Said of room that was given back unused. */
const unused = { reason: undefined, latencyMs: 0 } as const;

/**
 * Lets in one attempt: the first candidate at which limits have room and whose breaker lets it through, in their order,
 * and without waiting. Room comes first, because a breaker's trial must not be held while somebody waits for room. When
 * limits refuse everybody, and `mayWait`, it waits in the queue of the first that has one.
 */
export function admit(
  ports: DeliveryPorts,
  asker: Asker,
  candidates: readonly Candidate[],
  { mayWait, nowMs }: { readonly mayWait: boolean; readonly nowMs: number },
): OpenAttempt | NotAdmitted | Promise<OpenAttempt | NotAdmitted> {
  let refusal: LimitRefusal | undefined;
  for (const { endpoint } of candidates) {
    const room = ports.limits.enter(endpoint.systemId, {
      priority: asker.priority,
      mayWait: false,
      deadlineMs: asker.startUntilMs,
      signal: asker.signal,
    });
    if (room instanceof Promise) throw new Error('a limit made an attempt wait that must not');
    if (room.admitted) {
      const attempt = open(ports, asker, { endpoint, room, nowMs });
      if (attempt !== undefined) return attempt;
    } else refusal = sooner(refusal, room);
  }
  if (refusal === undefined) return nobody;
  return mayWait ? wait(ports, asker, candidates) : { stop: 'limit', refusal };
}

/** Waits for room at the first candidate that has a queue. */
async function wait(
  ports: DeliveryPorts,
  asker: Asker,
  candidates: readonly Candidate[],
): Promise<OpenAttempt | NotAdmitted> {
  const { priority, signal, startUntilMs: deadlineMs } = asker;
  let refusal: LimitRefusal | undefined;
  let waited = false;
  for (const { endpoint } of candidates) {
    const entered = ports.limits.enter(endpoint.systemId, { priority, mayWait: true, deadlineMs, signal });
    const waits = entered instanceof Promise;
    waited ||= waits;
    const room = waits ? await entered : entered;
    if (!room.admitted) {
      if (signal.aborted) return cancelled;
      refusal = sooner(refusal, room);
      // Its queue was the one to wait in.
      if (waits) break;
      continue;
    }
    const nowMs = ports.clock.now();
    if (signal.aborted || nowMs >= asker.startUntilMs) {
      room.release(unused);
      return signal.aborted ? cancelled : tooLate;
    }
    const current = waited ? asker.current(endpoint) : endpoint;
    if (current === undefined) {
      room.release(unused);
      return left;
    }
    const attempt = open(ports, asker, { endpoint: current, room, nowMs });
    if (attempt !== undefined) return attempt;
  }
  return refusal === undefined ? nobody : { stop: 'limit', refusal };
}

/** Asks the breaker, now that there is room, which goes back when it refuses. */
function open(
  ports: DeliveryPorts,
  asker: Asker,
  {
    endpoint,
    room,
    nowMs,
  }: { readonly endpoint: Endpoint; readonly room: TargetPermit; readonly nowMs: number },
): OpenAttempt | undefined {
  let holds = true;
  try {
    const timing = asker.timing(nowMs);
    if (timing === undefined) return undefined;
    const permit = ports.breakers.acquire(endpoint, asker.messageType, timing.timeoutMs);
    if (!permit.admitted) return undefined;
    holds = false;
    return new OpenAttempt(ports, { endpoint, room, permit, timing, startTimeMs: nowMs });
  } finally {
    if (holds) room.release(unused);
  }
}

/** The refusal after which it makes sense to come back sooner; of equals the first. */
function sooner(one: LimitRefusal | undefined, other: LimitRefusal): LimitRefusal {
  return one === undefined || other.retryAfterMs < one.retryAfterMs ? other : one;
}
