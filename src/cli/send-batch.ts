import { durationFromMs } from '@bufbuild/protobuf/wkt';
import type { Message } from '#gen/switchyard/messaging/v1/message_pb.js';
import type { SendMessageResponse } from '#gen/switchyard/messaging/v1/messaging_service_pb.js';
import type { RepeatSafety } from '#gen/switchyard/type/v1/repeat_safety_pb.js';
import { BatchReport } from './batch-report.ts';
import type { Cli } from './cli.ts';
import { describeFailure, exitCodes } from './failure.ts';
import type { Failure } from './failure.ts';
import type { HubClient } from './hub-client.ts';

/** How a batch goes out. */
export interface BatchPace {
  /** Messages under way at a time, at least 1. */
  readonly concurrency: number;
  /** Time between the starts of two messages in ms; 0: as fast as `concurrency` allows. */
  readonly intervalMs: number;
  /** Ends at the first failure. */
  readonly failFast: boolean;
}

export interface Batch extends BatchPace {
  readonly messages: AsyncIterator<Message>;
  /** Time of each message in ms. */
  readonly timeoutMs: number;
  readonly repeatSafety: RepeatSafety;
  readonly returnRejections: boolean;
  /** Told each reply and failure as it comes, with the number of its message. */
  readonly onReply: (n: number, response: SendMessageResponse) => void;
  readonly onFailure: (n: number, failure: Failure) => void;
}

/** The hub answers by itself when the message's time is up; the call waits this much longer for that answer. */
export const answerGraceMs = 1_000;

/** How a batch ended. */
export interface BatchEnd {
  readonly report: BatchReport;
  readonly exitCode: number;
  /** What is wrong with the message that could not be made; those before it were sent. */
  readonly inputError?: Error;
}

/**
 * Sends the messages with bounded concurrency and pace. When the command is interrupted it starts no more, and waits for
 * those under way, so that nothing is left with an unknown outcome. A hub that is not reached at the very beginning ends
 * it. The exit code: 0, 1 when any failed, 3 when the hub was never reached, 130 when interrupted.
 */
export async function sendBatch(cli: Cli, hub: HubClient, batch: Batch): Promise<BatchEnd> {
  const report = new BatchReport(cli.clock.now());
  const state = { n: 0, isEnding: false, nextStartMs: cli.clock.now(), neverReached: false };
  const isStopped = (): boolean => state.isEnding || cli.signal.aborted;

  /** The one queue for the next message: an async generator answers in the order of its calls. */
  const takeNext = async (): Promise<{ n: number; message: Message } | undefined> => {
    if (isStopped()) return undefined;
    const next = await batch.messages.next();
    if (next.done === true || isStopped()) return undefined;
    state.n += 1;
    return { n: state.n, message: next.value };
  };

  const sendOne = async (n: number, message: Message): Promise<void> => {
    const startMs = cli.clock.now();
    const request = {
      message,
      timeout: durationFromMs(batch.timeoutMs),
      repeatSafety: batch.repeatSafety,
      returnRejections: batch.returnRejections,
    };
    try {
      // Without the command's signal: what is under way comes to its end.
      const response = await hub.messaging.sendMessage(request, {
        timeoutMs: batch.timeoutMs + answerGraceMs,
      });
      report.succeeded(cli.clock.now() - startMs);
      batch.onReply(n, response);
    } catch (error) {
      const failure = describeFailure(error, hub.url);
      report.failed(cli.clock.now() - startMs, failure.reason);
      batch.onFailure(n, failure);
      state.neverReached ||= failure.exitCode === exitCodes.unreachable && report.answered === 0;
      if (batch.failFast || state.neverReached) state.isEnding = true;
    }
  };

  const work = async (): Promise<void> => {
    for (let next = await takeNext(); next !== undefined; next = await takeNext()) {
      if (!(await waitForTurn(cli, state, batch.intervalMs))) return;
      await sendOne(next.n, next.message);
    }
  };
  const workers = Array.from({ length: batch.concurrency }, () =>
    work().catch((error: unknown) => {
      state.isEnding = true;
      throw error;
    }),
  );
  const broken = (await Promise.allSettled(workers)).find(({ status }) => status === 'rejected');
  report.ended(cli.clock.now());
  return {
    report,
    exitCode: exitCodeOf(cli, report, state.neverReached),
    ...(broken?.status === 'rejected' && {
      inputError: broken.reason instanceof Error ? broken.reason : new Error(String(broken.reason)),
    }),
  };
}

/** Waits for the start that the rate allows next. A late start moves the ones after it: there are no bursts. */
async function waitForTurn(cli: Cli, state: { nextStartMs: number }, intervalMs: number): Promise<boolean> {
  if (intervalMs === 0) return true;
  const nowMs = cli.clock.now();
  const startMs = Math.max(state.nextStartMs, nowMs);
  state.nextStartMs = startMs + intervalMs;
  if (startMs > nowMs) await cli.clock.sleep(startMs - nowMs, cli.signal).catch(ignoreAbort);
  return !cli.signal.aborted;
}

function exitCodeOf(cli: Cli, report: BatchReport, neverReached: boolean): number {
  if (cli.signal.aborted) return exitCodes.interrupted;
  if (neverReached) return exitCodes.unreachable;
  return report.failures > 0 ? exitCodes.hubError : 0;
}

/** The signal itself is looked at afterwards. */
function ignoreAbort(): void {
  return;
}
