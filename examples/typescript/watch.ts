/** Prints the health of all systems as it changes, until Ctrl-C: `node watch.ts`. */
import { setTimeout as wait } from 'node:timers/promises';
import { createClient } from '@connectrpc/connect';
import type { SystemHealth } from '@switchyard/gen/switchyard/health/v1/health_pb';
import {
  HealthService,
  type WatchHealthResponse,
} from '@switchyard/gen/switchyard/health/v1/health_service_pb';
import { HealthStatus } from '@switchyard/gen/switchyard/type/v1/health_status_pb';
import { failureText, isFinal, readFailure } from './failure.ts';
import { connectToHub } from './hub.ts';
import { stopSignal } from './stop-signal.ts';

/** Wait before the watch is opened again, in ms: doubles from the first to the longest, until an event comes. */
const firstWaitMs = 250;
const longestWaitMs = 10_000;

const health = createClient(HealthService, connectToHub());
const signal = stopSignal();
const stopped = (): boolean => signal.aborted;
/** The newest health of each system: what a caller of this would use. */
const known = new Map<string, SystemHealth>();
/** From the last bookmark: resuming from it brings only what changed since. Empty: a snapshot comes. */
let resumeToken = '';
/** Ids of the snapshot that is coming in; undefined when none is. */
let snapshotIds: Set<string> | undefined;
let waitMs = firstWaitMs;

while (!stopped()) {
  let upToDate = false;
  // A snapshot that broke off begins again.
  snapshotIds = undefined;
  try {
    for await (const { event } of health.watchHealth({ resumeToken }, { signal })) {
      waitMs = firstWaitMs;
      apply(event);
      if (event.case === 'bookmark' && !upToDate) {
        upToDate = true;
        console.log(`up to date: ${known.size} systems`);
      }
    }
  } catch (error) {
    if (stopped()) break;
    const failure = readFailure(error);
    console.error(failureText(failure));
    if (isFinal(failure)) {
      process.exitCode = 1;
      break;
    }
  }
  // Half of the wait is random, so that a thousand watchers do not all come back at once.
  await wait(waitMs * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
  waitMs = Math.min(waitMs * 2, longestWaitMs);
}

function apply(event: WatchHealthResponse['event']): void {
  switch (event.case) {
    case 'snapshot':
      snapshotIds ??= new Set();
      for (const item of event.value.items) {
        snapshotIds.add(item.systemId);
        show(item);
      }
      if (event.value.last) {
        for (const id of known.keys()) if (!snapshotIds.has(id)) forget(id);
        snapshotIds = undefined;
      }
      return;
    case 'update':
      for (const item of event.value.items) show(item);
      return;
    case 'removed':
      for (const id of event.value.ids) forget(id);
      return;
    case 'bookmark':
      ({ resumeToken } = event.value);
      return;
    case 'reset':
      // The hub cannot go on from the bookmark (it was restarted, or too much happened since). A snapshot follows.
      console.log('reset');
      resumeToken = '';
      return;
    case undefined: // An event of a newer hub.
      return;
  }
}

function show(item: SystemHealth): void {
  known.set(item.systemId, item);
  console.log(`${item.systemId} ${HealthStatus[item.status]} ${item.cause}`);
}

function forget(id: string): void {
  known.delete(id);
  console.log(`${id} gone`);
}
