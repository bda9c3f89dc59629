import type { SystemRoute } from '../../../src/registry/system.ts';
import type { Draws } from '../draws.ts';
import type { AgentOptions } from './fleet.ts';

/** One type of systems, and what may be asked of it. */
export interface SimulatedType {
  readonly name: string;
  readonly capabilities: readonly [string, ...string[]];
  readonly messageTypes: readonly [string, ...string[]];
}

/** Who there is in a run. */
export interface Topology {
  readonly types: readonly [SimulatedType, ...SimulatedType[]];
  readonly systems: readonly [AgentOptions, ...AgentOptions[]];
}

const zones = ['', 'north', 'south'] as const;

/** Two or three types of one to five systems. */
export function randomTopology(draws: Draws): Topology {
  const names = ['ledger', 'mailer', 'search'].slice(0, draws.int(2, 3));
  const types = names.map((name): SimulatedType => ({
    name,
    capabilities: [`${name}.read`, 'audit'],
    messageTypes: [`${name}.read`, `${name}.put`, `${name}.post`],
  }));
  const systems = types.flatMap((type) =>
    Array.from({ length: draws.int(1, 5) }, (_, index) =>
      randomSystem(`${type.name}_${index + 1}`, type, draws),
    ),
  );
  return { types: types as never, systems: systems as never };
}

function randomSystem(id: string, type: SimulatedType, draws: Draws): AgentOptions {
  const [own, shared] = type.capabilities;
  const rest = { name: 'rest', protocol: 'HTTP', routes: draws.chance(0.3) ? routesOf(type) : [] } as const;
  const rpc = { name: 'rpc', protocol: 'GRPC', routes: [] } as const;
  return {
    id,
    type: type.name,
    capabilities: draws.chance(0.4) ? [own, shared ?? own] : [own],
    zone: draws.pick(zones),
    weight: draws.pick([1, 1, 2, 5]),
    slots: draws.int(1, 8),
    interfaces: draws.pick<AgentOptions['interfaces']>([[rest], [rpc], [rest, rpc], [rpc, rest]]),
  };
}

/** Routes whose operations promise something: a GET is SAFE, a PUT IDEMPOTENT. */
function routesOf({ name }: SimulatedType): readonly SystemRoute[] {
  return [
    { messageType: `${name}.read`, operation: { method: 'GET' }, repeatSafety: undefined },
    { messageType: `${name}.put`, operation: { method: 'PUT' }, repeatSafety: undefined },
    { messageType: '*', operation: { method: 'POST' }, repeatSafety: undefined },
  ];
}
