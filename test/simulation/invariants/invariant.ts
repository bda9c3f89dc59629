import type { Clock } from '../../../src/base/clock.ts';
import type { ActionRecord, AttemptRecord, Ledger, MessageRecord } from '../ledger.ts';
import type { HubProcess } from '../world/hub-process.ts';

/** What invariants can see of a run. */
export interface Observed {
  readonly clock: Clock;
  readonly ledger: Ledger;
  /** The hub, if it takes calls now. */
  readonly hub: () => HubProcess | undefined;
}

/** What is wrong, in one line; undefined: nothing. */
export type Finding = string | undefined;

/** Something that holds whatever happens. Each part is asked right after its event; those that keep counts are made anew for each run. */
export interface Invariant {
  /** In plain words, what holds. */
  readonly name: string;
  /** A hub process takes calls from now on; everything of the one before is gone. */
  hubOpened?(hub: HubProcess): void;
  /** The policies in force have changed. */
  policiesChanged?(): void;
  messageSent?(message: MessageRecord): Finding;
  /** The attempt has just begun; the ledger has it. */
  attemptStarted?(attempt: AttemptRecord): Finding;
  attemptEnded?(attempt: AttemptRecord): Finding;
  acted?(action: ActionRecord): Finding;
  messageConcluded?(message: MessageRecord): Finding;
  /** An instant is over: every timer of it has fired, and what followed has settled. */
  stepped?(): Finding;
  /** Nothing goes wrong from now on, and these systems are up. */
  calmBegan?(systemIds: readonly string[]): Finding;
  /** Everything has ended, and the hub is still open. */
  drained?(): Finding;
}
