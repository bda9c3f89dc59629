import { createFakeClock } from '../base/fake-clock.ts';
import { Feed } from '../base/feed.ts';
import type { HealthStatus } from '../base/health-status.ts';
import { seededRandom } from '../base/random.ts';
import type { Target } from '../base/target.ts';
import { type AttemptResult, type Protocol, protocols } from '../base/transport.ts';
import type { BreakerSnapshot } from '../resilience/breaker-board.ts';
import type { BreakerSignal } from '../resilience/breaker-signal.ts';
import type { Policy } from '../resilience/policy.ts';
import { PolicyBook } from '../resilience/policy-book.ts';
import { DeliveryCore } from './delivery-core.ts';
import type { Provider, VitalsChange } from './directory.ts';
import { endpointOf, ok } from './fleet.fixture.ts';
import type { RouteQuestion } from './route.ts';

const toLedger: Target = { by: 'type', type: 'ledger' };

/** A policy for the type that all systems here have. */
const ledgers = (rest: Omit<Policy, 'name' | 'match'>): Policy => ({
  name: 'ledgers',
  match: { messageTypes: [], kinds: [], sources: [], systemIds: [], types: ['ledger'], capabilities: [] },
  ...rest,
});

/** A real core over systems that come, go and fall ill as they are told. */
export function createPool(
  systems: Record<string, Partial<Provider>>,
  policy?: Omit<Policy, 'name' | 'match'>,
) {
  const clock = createFakeClock();
  const providers = new Map<string, Provider>();
  const statuses = new Map<string, HealthStatus>();
  const listeners = new Set<(change: VitalsChange) => void>();
  const events: string[] = [];
  const policies = new PolicyBook(policy === undefined ? [] : [ledgers(policy)]);
  const answers = new Map<string, AttemptResult>();
  const transport = {
    send: (endpoint: { readonly systemId: string }) => Promise.resolve(answers.get(endpoint.systemId) ?? ok),
  };
  let zone = '';
  const core = new DeliveryCore({
    clock,
    random: seededRandom(3),
    directory: {
      find: (target) =>
        [...providers.values()].filter(({ systemId, type }) =>
          target.by === 'system'
            ? target.systemId === systemId
            : target.by === 'type' && target.type === type,
        ),
      zoneOf: (systemId) => providers.get(systemId)?.zone ?? '',
    },
    vitals: {
      routingStatus: (systemId) => statuses.get(systemId) ?? 'HEALTHY',
      onStatusChange(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    transports: Object.fromEntries(protocols.map((protocol) => [protocol, transport])) as Record<
      Protocol,
      typeof transport
    >,
    policies,
    targetOf: (systemId) => ({
      systemId,
      type: providers.get(systemId)?.type,
      capabilities: providers.get(systemId)?.capabilities ?? [],
    }),
    forcedBreakers: { load: async () => [], save: async () => undefined, remove: async () => undefined },
    breakerFeed: new Feed<BreakerSnapshot>({ clock }),
    deliveriesKept: 10,
    observe: () => undefined,
    onFault: (error) => {
      throw error;
    },
    hubZone: () => zone,
    onEjection: (change, { systemId }) => events.push(`${systemId} ${change}`),
  });
  const add = (systemId: string, rest: Partial<Provider>): void => {
    const endpoints = [endpointOf(systemId)];
    providers.set(systemId, {
      systemId,
      type: 'ledger',
      capabilities: [],
      weight: 1,
      zone: '',
      endpoints,
      ...rest,
    });
    for (const endpoint of endpoints) core.ensure(endpoint);
  };
  for (const [systemId, rest] of Object.entries(systems)) add(systemId, rest);
  const plan = (rest: Partial<RouteQuestion> = {}, dryRun = false) =>
    core.router.plan(
      {
        target: toLedger,
        messageType: 'book_entry',
        kind: 'REQUEST',
        source: '',
        messageId: 'm-1',
        correlationId: '',
        headers: {},
        repeatSafety: undefined,
        maxAttempts: undefined,
        timeoutMs: undefined,
        ...rest,
      },
      { dryRun },
    );
  return {
    clock,
    core,
    policies,
    events,
    answers,
    plan,
    register(systemId: string, rest: Partial<Provider> = {}): void {
      add(systemId, rest);
      core.returned(systemId);
    },
    order: (rest: Partial<RouteQuestion> = {}): string =>
      plan(rest)
        .candidates.map(({ systemId }) => systemId)
        .join(''),
    calls(systemId: string, signal: BreakerSignal, count: number): void {
      for (let call = 0; call < count; call += 1) core.ejections.record(systemId, 'ledger', signal);
    },
    setStatus(systemId: string, to: HealthStatus): void {
      const from = statuses.get(systemId) ?? 'HEALTHY';
      statuses.set(systemId, to);
      for (const listener of listeners) listener({ systemId, from, to });
    },
    remove(systemId: string): void {
      const { endpoints = [] } = providers.get(systemId) ?? {};
      providers.delete(systemId);
      for (const endpoint of endpoints) core.forget(endpoint);
    },
    setZone(next: string): void {
      zone = next;
    },
    setPolicy(rest: Omit<Policy, 'name' | 'match'>): void {
      policies.setConfiguration([ledgers(rest)]);
    },
    shares: (): Record<string, number> => {
      const { candidates, excluded } = plan({}, true);
      return Object.fromEntries(
        [...candidates, ...excluded].map(({ systemId, effectiveWeight }) => [systemId, effectiveWeight]),
      );
    },
  };
}
