import { z } from 'zod';
import {
  Health,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from '#gen/standard/health/v1/health_pb.js';
import { HubError } from '../base/error.ts';
import { type CallContext, defineService, type ServiceDefinition } from './call.ts';
import { visibleAscii } from './field-rules.ts';
import type { Readiness } from './readiness.ts';

/** What grpc.health.v1 tells of the registered systems. */
export interface SystemsServing {
  /** Whether a system's own status is HEALTHY or DEGRADED; undefined when nobody has that id. */
  serving(systemId: string): boolean | undefined;
  /** All of them, in any order. */
  all(): Iterable<readonly [systemId: string, serving: boolean]>;
  /**
   * Yields (anything) at least whenever `serving(systemId)` may have changed, until `signal` aborts; a feed's watch
   * filtered by the id does. Also for an id that nobody has yet.
   */
  watch(systemId: string, signal: AbortSignal): AsyncIterable<unknown>;
}

export interface GrpcHealthOptions {
  readonly readiness: Readiness;
  /** Full names of the services that the hub serves; they are as ready as the hub. */
  readonly services: readonly string[];
  readonly systems: SystemsServing;
  /** Most entries that List returns; default 10,000, which stays below a client's 4 MiB. More are ANSWER_TOO_LARGE. */
  readonly listMax?: number;
}

/**
 * `grpc.health.v1.Health`: `""` and the hub's own services are SERVING while the hub is ready, each system's id while
 * the system is. https://github.com/grpc/grpc/blob/master/doc/health-checking.md
 */
export function createGrpcHealth(options: GrpcHealthOptions): ServiceDefinition<typeof Health> {
  const { readiness, systems, listMax = 10_000 } = options;
  const own = new Set(['', ...options.services]);
  const statusOf = (service: string): ServingStatus | undefined => {
    const serving = own.has(service) ? readiness.ready : systems.serving(service);
    return serving === undefined ? undefined : statusFrom(serving);
  };
  const checkRules = z.object({ service: visibleAscii({ bytesMax: 256 }) });

  return defineService<typeof Health>({
    service: Health,
    schemas: { check: checkRules, watch: checkRules, list: z.unknown() },
    handlers: {
      async check({ service }) {
        const status = statusOf(service);
        if (status === undefined) throw unknownService(service);
        return { status };
      },
      async list() {
        const statuses = Object.fromEntries(
          [...own].map((name) => [name, { status: statusFrom(readiness.ready) }]),
        );
        let count = own.size;
        for (const [systemId, serving] of systems.all()) {
          count += 1;
          if (count > listMax) throw tooMany(listMax);
          statuses[systemId] = { status: statusFrom(serving) };
        }
        return { statuses };
      },
      async *watch({ service }, context) {
        const changes = own.has(service)
          ? readinessChanges(readiness, context)
          : systems.watch(service, context.signal);
        let last: ServingStatus | undefined;
        const current = (): ServingStatus => statusOf(service) ?? ServingStatus.SERVICE_UNKNOWN;
        yield { status: (last = current()) };
        for await (const _change of changes) {
          const status = current();
          if (status !== last) yield { status: (last = status) };
        }
        const reason: unknown = context.signal.reason;
        if (reason instanceof HubError) throw reason;
      },
    },
  });
}

function statusFrom(serving: boolean): ServingStatus {
  return serving ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
}

/** Yields once at the beginning and after each change, until the call ends. Changes while nobody asks are one. */
async function* readinessChanges(
  readiness: Readiness,
  { signal }: CallContext,
): AsyncGenerator<void, void, undefined> {
  let changed = true;
  let wake = (): void => undefined;
  const onChange = (): void => {
    changed = true;
    wake();
  };
  const stop = readiness.subscribe(onChange);
  const onAbort = (): void => wake();
  signal.addEventListener('abort', onAbort);
  try {
    while (!signal.aborted) {
      if (changed) {
        changed = false;
        yield;
        continue;
      }
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  } finally {
    stop();
    signal.removeEventListener('abort', onAbort);
  }
}

function unknownService(service: string): HubError {
  return new HubError({
    reason: 'SYSTEM_NOT_FOUND',
    message: `No system is registered under the id "${service}"; ask for "" to check the hub itself.`,
    metadata: { system_id: service },
    resource: { type: 'system', name: service },
  });
}

function tooMany(listMax: number): HubError {
  return new HubError({
    reason: 'ANSWER_TOO_LARGE',
    message: `More than ${listMax} services are known; use Check, or HealthService.ListHealth, which is paged.`,
    metadata: { limit: String(listMax) },
  });
}
