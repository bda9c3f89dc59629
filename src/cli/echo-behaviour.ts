import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import { UsageError } from './usage-error.ts';

/** How the echo system treats messages. Health checks are never delayed or failed. */
export interface EchoBehaviour {
  /** Waits this long before each answer, in ms. 0: answers at once. */
  readonly delayMs: number;
  /** Share of messages that fail, 0 to 1. */
  readonly failRate: number;
  /** HTTP status with which they fail; over gRPC the code that corresponds to it. */
  readonly failStatus: number;
}

/** The flags of {@link EchoBehaviour}. */
export interface BehaviourFlags {
  readonly delayMs?: string;
  readonly failRate?: string;
  readonly status?: string;
}

/** Reads the flags. `--status` alone fails every message; `--fail-rate` alone fails with 503. */
export function behaviourFromFlags(flags: BehaviourFlags): EchoBehaviour {
  const delayMs = numberFlag('--delay-ms', flags.delayMs, 0, 0, 3_600_000);
  const failStatus = numberFlag('--status', flags.status, 503, 200, 599);
  const failRate = numberFlag('--fail-rate', flags.failRate, flags.status === undefined ? 0 : 1, 0, 1);
  return { delayMs, failRate, failStatus };
}

/** Waits as long as the behaviour says, then decides: the status to fail with, or undefined to answer. */
export async function misbehave(
  behaviour: EchoBehaviour,
  world: { readonly clock: Clock; readonly random: Random; readonly signal: AbortSignal },
): Promise<number | undefined> {
  if (behaviour.delayMs > 0) await world.clock.sleep(behaviour.delayMs, world.signal);
  return world.random.next() < behaviour.failRate ? behaviour.failStatus : undefined;
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
