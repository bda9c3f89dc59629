import { messageKinds, repeatSafeties } from '../../../src/base/message.ts';
import type { Target } from '../../../src/base/target.ts';
import {
  balanceStrategies,
  breakerScopes,
  type FallbackStep,
  namesTargetsAlone,
  type Policy,
  type PolicyMatch,
  repeatScopes,
} from '../../../src/resilience/policy.ts';
import { type PolicyField, policyFieldPaths, policyFields } from '../../../src/resilience/policy-fields.ts';
import { policyViolations } from '../../../src/resilience/policy-violations.ts';
import type { Draws } from '../draws.ts';
import type { Topology } from './topology.ts';

/**
 * Values that a policy of the simulation may have, of every field: within what the contract allows, and such that things
 * happen within minutes. A limit that is hardly ever met proves nothing.
 */
const values: { readonly [F in PolicyField]: (draws: Draws) => unknown } = {
  timeoutMs: (draws) => draws.pick([800, 3000, 10_000, 30_000]),
  attemptTimeoutMs: (draws) => draws.pick([300, 800, 2000]),
  'retry.attempts': (draws) => draws.int(1, 6),
  'retry.initialDelayMs': (draws) => draws.pick([0, 10, 100, 500]),
  'retry.factor': (draws) => draws.pick([1, 1.5, 2, 3]),
  'retry.maxDelayMs': (draws) => draws.pick([500, 2000, 10_000]),
  'retry.on': (draws) =>
    draws.pick([
      ['timeout'],
      ['5xx', 'reset'],
      ['connect-failure', 'refused', '429'],
      ['unavailable', 'UNAVAILABLE'],
    ]),
  'retry.maxRetryAfterMs': (draws) => draws.pick([0, 500, 3000]),
  'retryBudget.share': (draws) => draws.pick([0, 0.1, 0.5, 1]),
  'retryBudget.minimum': (draws) => draws.int(0, 4),
  repeatSafety: (draws) => draws.pick(repeatSafeties),
  repeatScope: (draws) => draws.pick(repeatScopes),
  'breaker.consecutiveFailures': (draws) => draws.pick([0, 1, 2, 5]),
  'breaker.failureRate': (draws) => draws.pick([0, 0.2, 0.5]),
  'breaker.minimumCalls': (draws) => draws.pick([1, 4, 10]),
  'breaker.windowMs': (draws) => draws.pick([1000, 5000, 30_000]),
  'breaker.openForMs': (draws) => draws.pick([100, 1000, 5000, 15_000]),
  'breaker.halfOpenCalls': (draws) => draws.int(1, 4),
  'breaker.slowCallRate': (draws) => draws.pick([0, 0.3, 0.8]),
  'breaker.slowCallTimeMs': (draws) => draws.pick([100, 400, 2000]),
  'breaker.scope': (draws) => draws.pick(breakerScopes),
  'ejection.consecutiveFailures': (draws) => draws.pick([0, 1, 3]),
  'ejection.deviations': (draws) => draws.pick([0, 0.5, 1.9]),
  'ejection.minimumSystems': (draws) => draws.int(3, 4),
  'ejection.minimumCalls': (draws) => draws.pick([1, 3]),
  'ejection.intervalMs': (draws) => draws.pick([1000, 5000]),
  'ejection.baseTimeMs': (draws) => draws.pick([500, 5000, 20_000]),
  'ejection.maxTimeMs': (draws) => draws.pick([20_000, 30_000]),
  'ejection.maxShare': (draws) => draws.pick([0, 0.1, 0.5, 1]),
  'ejection.panicShare': (draws) => draws.pick([0, 0.3, 0.5, 1]),
  'limits.callerRate.perSecond': (draws) => draws.pick([0, 0.5, 2, 10]),
  'limits.callerRate.burst': (draws) => draws.pick([1, 3, 10]),
  'limits.targetRate.perSecond': (draws) => draws.pick([0, 1, 3, 20]),
  'limits.targetRate.burst': (draws) => draws.pick([1, 2, 8]),
  'limits.concurrency.maxCalls': (draws) => draws.pick([0, 1, 2, 6]),
  'limits.concurrency.queue': (draws) => draws.pick([0, 1, 5]),
  'limits.concurrency.queueTimeMs': (draws) => draws.pick([1, 100, 2000]),
  'limits.adaptive.enabled': (draws) => draws.chance(0.6),
  'limits.adaptive.minCalls': (draws) => draws.int(1, 4),
  'limits.adaptive.maxCalls': (draws) => draws.pick([4, 10, 100]),
  'limits.adaptive.tolerance': (draws) => draws.pick([1, 1.5, 3]),
  balance: (draws) => draws.pick(balanceStrategies),
  'balanceOptions.hashOn': (draws) =>
    draws.pick(['correlation_id', 'source', 'message_id', 'header:x-tenant']),
  'balanceOptions.hashLoadFactor': (draws) => draws.pick([1, 1.25, 2]),
  'balanceOptions.zoneFirst': (draws) => draws.chance(0.5),
  'balanceOptions.slowStartMs': (draws) => draws.pick([0, 2000, 20_000]),
  fallback: () => undefined,
  'hedge.attempts': (draws) => draws.int(0, 2),
  'hedge.delayMs': (draws) => draws.pick([1, 20, 100]),
  'replyCache.ttlMs': (draws) => draws.pick([0, 500, 10_000]),
  'replyCache.shared': (draws) => draws.chance(0.5),
  'replyCache.vary': (draws) => draws.pick([[], ['x-tenant']]),
  panic: (draws) => draws.chance(0.5),
};

/** A policy that the hub would take: for targets alone or for messages too, over any of the fields. */
export function randomPolicy(name: string, draws: Draws, topology: Topology): Policy {
  for (;;) {
    const match = randomMatch(draws, topology);
    const policy: Record<string, unknown> = { name, match };
    const about = new Set(Array.from({ length: draws.int(1, 5) }, () => draws.pick(sections)));
    for (const path of policyFieldPaths) {
      if (!about.has(sectionOf(path)) || draws.chance(0.2)) continue;
      if (policyFields[path].sharedByTarget !== undefined && !namesTargetsAlone(match)) continue;
      put(policy, path, path === 'fallback' ? randomFallback(draws, topology) : values[path](draws));
    }
    const made = policy as unknown as Policy;
    if (policyViolations(made).length === 0) return made;
  }
}

/** Fields that belong together: `breaker`, `limits.targetRate`. */
function sectionOf(path: string): string {
  const dot = path.lastIndexOf('.');
  return dot === -1 ? path : path.slice(0, dot);
}

const sections = [...new Set(policyFieldPaths.map(sectionOf))];

function put(policy: Record<string, unknown>, path: string, value: unknown): void {
  const steps = path.split('.');
  const last = steps.pop() ?? '';
  let place = policy;
  for (const step of steps) place = (place[step] ??= {}) as Record<string, unknown>;
  place[last] = value;
}

function randomMatch(draws: Draws, { types, systems }: Topology): PolicyMatch {
  const nothing: PolicyMatch = {
    messageTypes: [],
    kinds: [],
    sources: [],
    systemIds: [],
    types: [],
    capabilities: [],
  };
  const type = draws.pick(types);
  switch (draws.pick(['all', 'type', 'system', 'capability', 'message type', 'kind', 'source'] as const)) {
    case 'all':
      return nothing;
    case 'type':
      return { ...nothing, types: [type.name] };
    case 'system':
      return { ...nothing, systemIds: [draws.pick(systems).id] };
    case 'capability':
      return { ...nothing, capabilities: [draws.pick(type.capabilities)] };
    case 'message type':
      return { ...nothing, messageTypes: [draws.pick([`${type.name}.*`, draws.pick(type.messageTypes)])] };
    case 'kind':
      return { ...nothing, types: draws.chance(0.5) ? [type.name] : [], kinds: [draws.pick(messageKinds)] };
    case 'source':
      return { ...nothing, sources: [draws.pick(systems).id] };
  }
}

function randomFallback(draws: Draws, topology: Topology): readonly FallbackStep[] {
  return Array.from({ length: draws.int(1, 3) }, () => {
    const limits = {
      ...(draws.chance(0.5) ? { timeoutMs: draws.pick([500, 5000]) } : {}),
      ...(draws.chance(0.5) ? { attempts: draws.int(1, 3) } : {}),
    };
    const kind = draws.pick(['target', 'same_type', 'static_reply', 'last_good'] as const);
    switch (kind) {
      case 'target':
        return { ...limits, kind, target: randomTarget(draws, topology) };
      case 'same_type':
        return { ...limits, kind };
      case 'static_reply':
        return {
          ...limits,
          kind,
          reply: {
            status: '200',
            contentType: 'text/plain',
            dataBase64: Buffer.from('static').toString('base64'),
          },
        };
      case 'last_good':
        return { ...limits, kind, maxAgeMs: draws.pick([1000, 30_000]) };
    }
  });
}

/** A target that exists in the topology, whether or not it is up. */
export function randomTarget(draws: Draws, { types, systems }: Topology): Target {
  switch (draws.byShare({ system: 0.3, capability: 0.2 }, 'type')) {
    case 'system':
      return { by: 'system', systemId: draws.pick(systems).id };
    case 'capability':
      return { by: 'capability', capability: draws.pick(draws.pick(types).capabilities) };
    case 'type':
      return { by: 'type', type: draws.pick(types).name };
  }
}
