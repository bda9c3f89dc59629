import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** What is known of one call to the hub, as labels. Only methods that the hub serves get here, so the set is bounded. */
export interface CallLabels {
  /** Full name, `switchyard.registry.v1.RegistryService`. */
  readonly service: string;
  readonly method: string;
}

/** One attempt to deliver a message, as labels from closed sets. */
export interface AttemptObservation {
  /** `HTTP`, `GRPC`, … */
  readonly protocol: string;
  readonly verdict: string;
  /** One of `attemptReasons`. */
  readonly reason: string;
  readonly latencyMs: number;
}

/** What may happen to a delivery beside its attempts, as labels from closed sets. */
export type DeliveryObservation =
  /** A limit refused it: `limits.caller_rate`, `limits.concurrency`, … */
  | { readonly kind: 'limit_refused'; readonly limit: string }
  | { readonly kind: 'hedge_begun' | 'hedge_won' }
  /** `target`, `static_reply`, … */
  | { readonly kind: 'fallback'; readonly step: string; readonly answered: boolean }
  | { readonly kind: 'reply_cache'; readonly hit: boolean };

/** Counts by a label's value, taken when somebody reads the metrics. Values come from closed sets. */
export type CountsByLabel = () => Iterable<readonly [label: string, count: number]>;

/** The hub's own measurements, read in Prometheus form. Nothing here has a label that callers can fill freely. */
export interface Metrics {
  /** A call was admitted: unary calls count as in flight, streams as watchers. */
  callStarted(labels: CallLabels & { readonly stream: boolean }): void;
  /** An admitted call ended. `code` is the gRPC code's name, `OK` for success. */
  callEnded(
    labels: CallLabels & { readonly stream: boolean; readonly code: string; readonly latencyMs: number },
  ): void;
  /** A call was refused before it was admitted, by the reason of the error catalogue. */
  callRefused(reason: string): void;
  attempt(observation: AttemptObservation): void;
  /** Something that happened to a delivery beside its attempts. */
  delivery(event: DeliveryObservation): void;
  /** A system was ejected from its type's pool, by the rule that took it out (`success_rate`, …). */
  ejection(rule: string): void;
  /** Says how to count ejected systems by rule from now on. */
  countEjected(counts: CountsByLabel): void;
  /** Says how to count systems by health status (`HEALTHY`, …) from now on. */
  countSystems(counts: CountsByLabel): void;
  /** Says how to count breakers by state (`CLOSED`, …) from now on. */
  countBreakers(counts: CountsByLabel): void;
  /** Says how to count open connections by protocol (`h1`, `h2`) from now on. */
  countConnections(counts: CountsByLabel): void;
  /** Everything in Prometheus' text form. */
  exposition(): Promise<{ readonly contentType: string; readonly body: string }>;
}

/** Upper bounds of the latency buckets, in seconds: from a cached read to the default timeout of 60 s. */
const latencyBucketsSeconds = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
];

/**
 * Creates the hub's metrics in a registry of their own, so that two hubs in one process do not mix. With `runtime`
 * (default true) event loop delay, memory and garbage collection are measured too, by one timer in prom-client.
 */
export function createMetrics(options: { runtime?: boolean } = {}): Metrics {
  const registry = new Registry();
  const registers = [registry];
  if (options.runtime !== false) collectDefaultMetrics({ register: registry });

  const calls = new Counter({
    name: 'switchyard_calls_total',
    help: 'Calls to the hub that ended, by gRPC code.',
    labelNames: ['service', 'method', 'code'],
    registers,
  });
  const callSeconds = new Histogram({
    name: 'switchyard_call_duration_seconds',
    help: 'Time from admission to the end of the answer of unary calls.',
    labelNames: ['service', 'method'],
    buckets: latencyBucketsSeconds,
    registers,
  });
  const refused = new Counter({
    name: 'switchyard_calls_refused_total',
    help: 'Requests that were refused before they became a call, by reason.',
    labelNames: ['reason'],
    registers,
  });
  const inFlight = new Gauge({
    name: 'switchyard_calls_in_flight',
    help: 'Unary calls in flight.',
    registers,
  });
  const streams = new Gauge({
    name: 'switchyard_streams',
    help: 'Open streams (watchers), by method.',
    labelNames: ['service', 'method'],
    registers,
  });
  const attempts = new Counter({
    name: 'switchyard_delivery_attempts_total',
    help: 'Attempts to deliver a message, by verdict and reason.',
    labelNames: ['protocol', 'verdict', 'reason'],
    registers,
  });
  const attemptSeconds = new Histogram({
    name: 'switchyard_delivery_attempt_duration_seconds',
    help: 'Time that attempts to deliver a message took.',
    labelNames: ['protocol', 'verdict'],
    buckets: latencyBucketsSeconds,
    registers,
  });

  const limitRefusals = new Counter({
    name: 'switchyard_limit_refusals_total',
    help: 'Messages that a limit of a policy refused, by limit.',
    labelNames: ['limit'],
    registers,
  });
  const hedges = new Counter({
    name: 'switchyard_hedges_total',
    help: 'Attempts that were begun beside another, and those of them that gave the reply.',
    labelNames: ['result'],
    registers,
  });
  const fallbacks = new Counter({
    name: 'switchyard_fallbacks_total',
    help: 'Fallbacks that were tried, by kind of step and whether they answered.',
    labelNames: ['step', 'answered'],
    registers,
  });
  const replyCache = new Counter({
    name: 'switchyard_reply_cache_total',
    help: 'Messages that may be answered from the reply cache, and whether they were (hit) or not (miss).',
    labelNames: ['result'],
    registers,
  });
  const ejections = new Counter({
    name: 'switchyard_ejections_total',
    help: 'Systems that were ejected from the pool of their type, by rule.',
    labelNames: ['rule'],
    registers,
  });

  return {
    callStarted({ service, method, stream }) {
      if (stream) streams.inc({ service, method });
      else inFlight.inc();
    },
    callEnded({ service, method, stream, code, latencyMs }) {
      calls.inc({ service, method, code });
      if (stream) streams.dec({ service, method });
      else {
        inFlight.dec();
        callSeconds.observe({ service, method }, latencyMs / 1000);
      }
    },
    callRefused: (reason) => refused.inc({ reason }),
    attempt({ protocol, verdict, reason, latencyMs }) {
      attempts.inc({ protocol, verdict, reason });
      attemptSeconds.observe({ protocol, verdict }, latencyMs / 1000);
    },
    delivery(event) {
      switch (event.kind) {
        case 'limit_refused':
          limitRefusals.inc({ limit: event.limit });
          break;
        case 'hedge_begun':
          hedges.inc({ result: 'begun' });
          break;
        case 'hedge_won':
          hedges.inc({ result: 'won' });
          break;
        case 'fallback':
          fallbacks.inc({ step: event.step, answered: event.answered ? 'yes' : 'no' });
          break;
        case 'reply_cache':
          replyCache.inc({ result: event.hit ? 'hit' : 'miss' });
          break;
      }
    },
    ejection: (rule) => ejections.inc({ rule }),
    countEjected: collected(
      registry,
      'switchyard_ejected_systems',
      'Systems that are ejected from the pool of their type now, by rule.',
      'rule',
    ),
    countSystems: collected(
      registry,
      'switchyard_systems',
      'Registered systems, by own health status.',
      'status',
    ),
    countBreakers: collected(registry, 'switchyard_breakers', 'Circuit breakers, by state.', 'state'),
    countConnections: collected(registry, 'switchyard_connections', 'Open connections.', 'protocol'),
    async exposition() {
      return { contentType: registry.contentType, body: await registry.metrics() };
    },
  };
}

/** A gauge whose values are counted when it is read; absent until somebody says how to count. */
function collected(
  registry: Registry,
  name: string,
  help: string,
  label: string,
): (counts: CountsByLabel) => void {
  let current: CountsByLabel = () => [];
  new Gauge({
    name,
    help,
    labelNames: [label],
    registers: [registry],
    collect() {
      this.reset();
      for (const [value, count] of current()) this.set({ [label]: value }, count);
    },
  });
  return (counts) => {
    current = counts;
  };
}
