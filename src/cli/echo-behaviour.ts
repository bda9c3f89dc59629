import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import { UsageError } from './usage-error.ts';

/** How the echo system treats messages. Health checks are never delayed or failed; while it hangs, they hang too. */
export interface EchoBehaviour {
  /** Waits this long before each answer, in ms. 0: answers at once. */
  readonly delayMs: number;
  /** Share of messages that fail, 0 to 1. */
  readonly failRate: number;
  /** HTTP status with which they fail; over gRPC the code that corresponds to it. */
  readonly failStatus: number;
  /** Takes messages and health checks and answers none, until the behaviour changes. */
  readonly hangs: boolean;
}

/** Longest delay before an answer, in ms: an hour. */
export const echoDelayMsMax = 3_600_000;

/** Answers everything at once. */
export const wellBehaved: EchoBehaviour = { delayMs: 0, failRate: 0, failStatus: 503, hangs: false };

/** The behaviour in force; it can change while messages wait. */
export interface BehaviourSwitch {
  current(): EchoBehaviour;
  /** Lets what hangs go on, unless the new behaviour hangs as well. */
  set(behaviour: EchoBehaviour): void;
  /** Resolves at once, or when it no longer hangs. Rejects with the signal's reason when that aborts first. */
  untilAnswering(signal: AbortSignal): Promise<void>;
}

export function createBehaviourSwitch(initial: EchoBehaviour): BehaviourSwitch {
  let behaviour = initial;
  /** One for each call that hangs; a call that is given up takes its own away. */
  const waiting = new Set<() => void>();
  return {
    current: () => behaviour,
    set(next) {
      behaviour = next;
      if (next.hangs) return;
      for (const goOn of waiting) goOn();
    },
    async untilAnswering(signal) {
      signal.throwIfAborted();
      if (!behaviour.hangs) return;
      await new Promise<void>((resolve, reject) => {
        const settle = (end: () => void) => (): void => {
          waiting.delete(goOn);
          signal.removeEventListener('abort', giveUp);
          end();
        };
        const goOn = settle(resolve);
        const giveUp = settle(() => reject(signal.reason as Error));
        waiting.add(goOn);
        signal.addEventListener('abort', giveUp);
      });
    },
  };
}

/** The flags of {@link EchoBehaviour}. */
export interface BehaviourFlags {
  readonly delayMs?: string;
  readonly failRate?: string;
  readonly status?: string;
}

/** Reads the flags. `--status` alone fails every message; `--fail-rate` alone fails with 503. */
export function behaviourFromFlags(flags: BehaviourFlags): EchoBehaviour {
  const delayMs = numberFlag('--delay-ms', flags.delayMs, 0, 0, echoDelayMsMax);
  const failStatus = numberFlag('--status', flags.status, 503, 200, 599);
  const failRate = numberFlag('--fail-rate', flags.failRate, flags.status === undefined ? 0 : 1, 0, 1);
  return { delayMs, failRate, failStatus, hangs: false };
}

/** Waits as long as the behaviour says, then decides: the status to fail with, or undefined to answer. */
export async function misbehave(
  behaviour: BehaviourSwitch,
  world: { readonly clock: Clock; readonly random: Random; readonly signal: AbortSignal },
): Promise<number | undefined> {
  await behaviour.untilAnswering(world.signal);
  const { delayMs, failRate, failStatus } = behaviour.current();
  if (delayMs > 0) await world.clock.sleep(delayMs, world.signal);
  return world.random.next() < failRate ? failStatus : undefined;
}

function numberFlag(
  name: string,
  text: string | undefined,
  unset: number,
  least: number,
  most: number,
): number {
  if (text === undefined) return unset;
  const value = Number(text);
  if (text.trim() !== '' && value >= least && value <= most) return value;
  throw new UsageError(`${name} "${text}" is not a number from ${least} to ${most}`);
}
