import { create } from '@bufbuild/protobuf';
import { MessageSchema } from '#gen/switchyard/messaging/v1/message_pb.js';
import type { Message } from '#gen/switchyard/messaging/v1/message_pb.js';
import type { System } from '#gen/switchyard/registry/v1/system_pb.js';
import { Kind } from '#gen/switchyard/type/v1/message_kind_pb.js';
import type { Clock } from '../../src/base/clock.ts';
import { describeFailure } from '../../src/cli/failure.ts';
import type { HubClient } from '../../src/cli/hub-client.ts';

/** What became of the messages so far. */
export interface TrafficCounts {
  readonly calls: number;
  readonly errors: number;
  /** Calls that were answered after more than one attempt. */
  readonly retried: number;
  /** Of these, the ones that another system answered than was tried first. */
  readonly failovers: number;
  /** Errors by reason. */
  readonly byReason: ReadonlyMap<string, number>;
  /** Errors by message type and reason; every type that was sent is there. */
  readonly errorsByType: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

export interface TrafficOptions {
  readonly hub: HubClient;
  readonly systems: readonly System[];
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly messagesPerSecond: number;
  /** Told of each call that failed. */
  readonly onError: (target: string, reason: string, message: string) => void;
}

/** Calls that may be in flight; a message whose turn comes while they are is left out. */
const inFlightMax = 64;
const callTimeoutMs = 15_000;
/** A query and an update. */
const messageTypes = ['data_request', 'status_update'] as const;

/**
 * Sends messages along the dependencies of the systems, one after the other in turn, until the signal aborts: mostly
 * `data_request` queries, now and then a `status_update`.
 */
export function startTraffic(options: TrafficOptions): { counts(): TrafficCounts } {
  const { hub, clock, signal } = options;
  const edges = edgesOf(options.systems);
  const byReason = new Map<string, number>();
  const errorsByType = new Map<string, Map<string, number>>(messageTypes.map((type) => [type, new Map()]));
  const tally = { turn: 0, inFlight: 0, calls: 0, errors: 0, retried: 0, failovers: 0 };

  async function sendNext(): Promise<void> {
    const edge = edges[tally.turn % edges.length];
    if (edge === undefined) return;
    const message = messageAlong(edge, tally.turn);
    tally.turn += 1;
    tally.inFlight += 1;
    try {
      const { delivery } = await hub.messaging.sendMessage({ message }, { timeoutMs: callTimeoutMs, signal });
      tally.calls += 1;
      const attempts = delivery?.attempts ?? [];
      if (attempts.length > 1) tally.retried += 1;
      if (attempts[0]?.systemId !== attempts.at(-1)?.systemId) tally.failovers += 1;
    } catch (error) {
      if (signal.aborted) return;
      const failure = describeFailure(error, hub.url);
      tally.calls += 1;
      tally.errors += 1;
      for (const counts of [byReason, errorsByType.get(message.type)]) {
        counts?.set(failure.reason, (counts.get(failure.reason) ?? 0) + 1);
      }
      options.onError(message.target?.target.value ?? '', failure.reason, failure.message);
    } finally {
      tally.inFlight -= 1;
    }
  }

  const timer = clock.every(1000 / options.messagesPerSecond, () => {
    if (tally.inFlight < inFlightMax) void sendNext();
  });
  signal.addEventListener('abort', () => timer.cancel(), { once: true });
  return { counts: () => ({ ...tally, byReason, errorsByType }) };
}

/** Types that the traffic goes to. */
export function calledTypes(systems: readonly System[]): ReadonlySet<string> {
  return new Set(edgesOf(systems).map(({ type }) => type));
}

/** One system needs another. */
interface Edge {
  readonly source: string;
  readonly systemId: string;
  readonly type: string;
  /** Whether the type has another system. */
  readonly hasReplica: boolean;
}

function edgesOf(systems: readonly System[]): readonly Edge[] {
  const types = new Map(systems.map(({ id, type }) => [id, type]));
  return systems.flatMap(({ id, dependencies }) =>
    dependencies.flatMap(({ target }) => {
      const systemId = target?.target.case === 'systemId' ? target.target.value : '';
      const type = types.get(systemId);
      const hasReplica = systems.filter((system) => system.type === type).length > 1;
      return type === undefined ? [] : [{ source: id, systemId, type, hasReplica }];
    }),
  );
}

/**
 * Every seventh message is an update, the others are queries; seven and the number of edges have no common divisor, so
 * that every edge gets both. Every other message names the one system, unless its type has several: those are always
 * asked for by type, so that the loss of one goes unnoticed.
 */
function messageAlong({ source, systemId, type, hasReplica }: Edge, turn: number): Message {
  const isUpdate = turn % 7 === 6;
  const isById = !hasReplica && turn % 2 === 1;
  return create(MessageSchema, {
    source,
    target: { target: isById ? { case: 'systemId', value: systemId } : { case: 'type', value: type } },
    kind: isUpdate ? Kind.REQUEST : Kind.QUERY,
    type: messageTypes[isUpdate ? 1 : 0],
    contentType: 'application/json',
    payload: { case: 'data', value: new TextEncoder().encode(JSON.stringify({ from: source, turn })) },
  });
}
