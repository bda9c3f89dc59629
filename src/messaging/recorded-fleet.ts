import { type Target, targetToString } from '../base/target.ts';
import type { Endpoint } from '../base/transport.ts';
import { endpointKeyToString } from '../resilience/endpoint-map.ts';
import type { Policy } from '../resilience/policy.ts';
import type { PolicyTarget } from '../resilience/policy-match.ts';
import type { Delivery } from './delivery.ts';
import type { Directory, Provider } from './directory.ts';

/**
 * The systems that recorded deliveries could reach: those that are registered now, and those that the traces name and
 * that are gone. It does not change any more.
 */
export class RecordedFleet implements Directory {
  readonly #systems: ReadonlyMap<string, Provider>;
  /** Answers of {@link find}, by target. */
  readonly #found = new Map<string, readonly Provider[]>();
  /** Systems that the traces name and nobody has registered any more. */
  readonly gone: number;

  private constructor(systems: ReadonlyMap<string, Provider>, gone: number) {
    this.#systems = systems;
    this.gone = gone;
  }

  /** Collects the systems; `policies` name further ones as fallbacks. */
  static of(
    deliveries: readonly Delivery[],
    { directory, policies }: { readonly directory: Directory; readonly policies: readonly Policy[] },
  ): RecordedFleet {
    const systems = new Map<string, Provider>();
    const asked = new Set<string>();
    const ask = (target: Target): void => {
      const name = targetToString(target);
      if (asked.has(name)) return;
      asked.add(name);
      for (const provider of directory.find(target)) {
        systems.set(provider.systemId, provider);
        // Other systems of its type may be asked in its place.
        ask({ by: 'type', type: provider.type });
      }
    };
    for (const { subject, attempts } of deliveries) {
      ask(subject.target);
      for (const { systemId } of attempts) ask({ by: 'system', systemId });
    }
    for (const { fallback } of policies) {
      for (const step of fallback ?? []) if (step.kind === 'target') ask(step.target);
    }
    const gone = goneSystems(deliveries, systems);
    for (const provider of gone) systems.set(provider.systemId, provider);
    return new RecordedFleet(systems, gone.length);
  }

  /** The fleet without the endpoints that do not hold. */
  only(holds: (endpoint: Endpoint) => boolean): RecordedFleet {
    const kept = new Map<string, Provider>();
    for (const [systemId, provider] of this.#systems) {
      const endpoints = provider.endpoints.filter(holds);
      if (endpoints.length > 0) kept.set(systemId, { ...provider, endpoints });
    }
    return new RecordedFleet(kept, this.gone);
  }

  find(target: Target): readonly Provider[] {
    const name = targetToString(target);
    let found = this.#found.get(name);
    if (found === undefined) {
      found = [...this.#systems.values()].filter((provider) => isProvider(provider, target));
      this.#found.set(name, found);
    }
    return found;
  }

  zoneOf(systemId: string): string {
    return this.#systems.get(systemId)?.zone ?? '';
  }

  /** Undefined where it is not known. */
  typeOf(systemId: string): string | undefined {
    const type = this.#systems.get(systemId)?.type;
    return type === '' ? undefined : type;
  }

  /** The system as policies match it. */
  targetOf(systemId: string): PolicyTarget {
    const capabilities = this.#systems.get(systemId)?.capabilities ?? [];
    return { systemId, type: this.typeOf(systemId), capabilities };
  }

  /** Every endpoint of every system. */
  *endpoints(): IterableIterator<Endpoint> {
    for (const { endpoints } of this.#systems.values()) yield* endpoints;
  }
}

function isProvider({ systemId, type, capabilities }: Provider, target: Target): boolean {
  switch (target.by) {
    case 'system':
      return systemId === target.systemId;
    case 'type':
      return type === target.type;
    case 'capability':
      return capabilities.includes(target.capability);
  }
}

/** Systems as the traces show them: their interfaces, and the type or capability by which they were addressed. */
function goneSystems(
  deliveries: readonly Delivery[],
  known: ReadonlyMap<string, Provider>,
): readonly Provider[] {
  const gone = new Map<string, { type: string; capabilities: Set<string>; interfaces: Set<string> }>();
  for (const { subject, attempts } of deliveries) {
    for (const { systemId, interface: name, fallback } of attempts) {
      if (known.has(systemId)) continue;
      let seen = gone.get(systemId);
      if (seen === undefined) {
        seen = { type: '', capabilities: new Set(), interfaces: new Set() };
        gone.set(systemId, seen);
      }
      seen.interfaces.add(name);
      if (fallback !== '') continue;
      if (subject.target.by === 'type') seen.type = subject.target.type;
      if (subject.target.by === 'capability') seen.capabilities.add(subject.target.capability);
    }
  }
  return [...gone].map(([systemId, { type, capabilities, interfaces }]) => ({
    systemId,
    type,
    capabilities: [...capabilities],
    weight: 1,
    zone: '',
    endpoints: [...interfaces].map((name) => goneEndpoint(systemId, name)),
  }));
}

function goneEndpoint(systemId: string, name: string): Endpoint {
  return {
    systemId,
    interface: name,
    protocol: 'HTTP',
    uri: endpointKeyToString({ systemId, interface: name }),
    settings: {},
    routes: [],
    healthCheck: { kind: 'NONE', path: '', service: '' },
  };
}
