import type { Clock, Timer } from '../../../src/base/clock.ts';
import type { Endpoint } from '../../../src/base/transport.ts';
import type { SystemInterface, SystemSpec } from '../../../src/registry/system.ts';
import type { Draws } from '../draws.ts';
import type { AttemptRecord } from '../ledger.ts';
import { oneWayMs } from './exchange.ts';
import type { HubProcess } from './hub-process.ts';
import type { Network } from './network.ts';
import { type TargetCondition, TargetProcess, wellTarget } from './target.ts';

/** Lease that systems register with, in ms; they renew it three times within it. */
const leaseTtlMs = 45_000;
/** A system that deregistered finishes its calls for this long. */
const leavingMs = 500;
/** An agent that hears nothing from the hub asks again after this. */
const hubPatienceMs = 3000;

export interface AgentOptions {
  readonly id: string;
  readonly type: string;
  readonly capabilities: readonly string[];
  readonly zone: string;
  readonly weight: number;
  readonly slots: number;
  readonly interfaces: readonly Pick<SystemInterface, 'name' | 'protocol' | 'routes'>[];
}

export interface AgentPorts {
  readonly clock: Clock;
  readonly draws: Draws;
  readonly network: Network;
  /** The hub, if it takes calls now. */
  readonly hub: () => HubProcess | undefined;
  readonly onAct: (attempt: AttemptRecord, systemId: string) => void;
  readonly onFault: (what: string) => void;
  readonly log: (text: string) => void;
}

/**
 * One system with its life: its process, its addresses, and the agent within it that registers with the hub and keeps
 * the lease.
 */
export class SystemAgent {
  readonly id: string;
  readonly options: AgentOptions;
  /** How it behaves; may be changed while it runs. */
  readonly condition: TargetCondition = { ...wellTarget };
  readonly #ports: AgentPorts;
  #process: TargetProcess | undefined;
  /** Counts moves: each gives it new addresses. */
  #place = 1;
  #weight: number;
  #zone: string;
  #registrationId: string | undefined;
  /** Ends what an earlier life of the agent still waits for. */
  #life = 0;
  #renewal: Timer | undefined;
  /** Ends the process of a system that has deregistered. */
  #leaving: Timer | undefined;
  /** Does not renew while set: a long pause, or no way to the hub. */
  paused = false;

  constructor(options: AgentOptions, ports: AgentPorts) {
    this.id = options.id;
    this.options = options;
    this.#ports = ports;
    this.#weight = options.weight;
    this.#zone = options.zone;
  }

  get isUp(): boolean {
    return this.#process !== undefined;
  }

  /** Whether it believes that it is registered. */
  get isRegistered(): boolean {
    return this.#registrationId !== undefined;
  }

  /** Its addresses now. */
  get uris(): readonly string[] {
    return this.options.interfaces.map((_, index) => this.#uri(index));
  }

  /** Starts the process and registers; one that runs and is about to leave, stays. */
  start(): void {
    if (this.#process !== undefined) {
      if (this.#leaving === undefined) return;
      this.#endLife();
      this.register();
      return;
    }
    const { clock, draws, network, onAct, onFault } = this.#ports;
    const process = new TargetProcess({
      systemId: this.id,
      clock,
      draws,
      slots: this.options.slots,
      condition: this.condition,
      onAct: (attempt) => onAct(attempt, this.id),
      onFault,
    });
    this.#process = process;
    for (const uri of this.uris) network.listen(uri, process);
    this.register();
  }

  /** Ends the process at once. `told`: its machine still resets connections. */
  crash(told: boolean): void {
    const { network } = this.#ports;
    for (const uri of this.uris) network.leave(uri);
    this.#process?.kill(told);
    this.#process = undefined;
    this.#endLife();
  }

  /** Goes in good order: out of the registry first, then a moment for calls under way. */
  leave(): void {
    const registrationId = this.#registrationId;
    this.#endLife();
    this.#ask('deregister', async ({ registry }) => {
      if (registrationId !== undefined) await registry.deregister(this.id, { registrationId });
    });
    this.#leaving = this.#ports.clock.after(leavingMs, () => this.crash(true));
  }

  /** The next start is at other addresses. */
  move(): void {
    this.#place += 1;
  }

  /** Changes weight and zone, in the registry too when it is registered. */
  reshape(weight: number, zone: string): void {
    this.#weight = weight;
    this.#zone = zone;
    if (this.isRegistered) this.#ask('update', ({ registry }) => registry.update(this.id, { weight, zone }));
  }

  /** Registers until the hub has taken it, then renews its lease. */
  register(): void {
    const life = this.#endLife();
    const { draws, clock } = this.#ports;
    const again = (): void => {
      if (this.#life === life)
        clock.after(draws.between(500, 2000), () => this.#life === life && this.register());
    };
    this.#ask(
      'register',
      async ({ registry }) => {
        const { registrationId } = await registry.register(this.#spec(), { leaseTtlMs });
        if (this.#life !== life) return;
        this.#registrationId = registrationId;
        this.#renewal = clock.every(leaseTtlMs / 3, () => this.#renew());
      },
      again,
    );
  }

  #renew(): void {
    const registrationId = this.#registrationId;
    if (this.paused || registrationId === undefined) return;
    const life = this.#life;
    this.#ask('renew', async ({ registry }) => {
      const { lost } = registry.renewLeases([{ systemId: this.id, registrationId }]);
      if (lost.length > 0 && this.#life === life && this.isUp) this.register();
    });
  }

  #endLife(): number {
    this.#renewal?.cancel();
    this.#renewal = undefined;
    this.#leaving?.cancel();
    this.#leaving = undefined;
    this.#registrationId = undefined;
    this.#life += 1;
    return this.#life;
  }

  /** Calls the hub over the network; `failed` when it is down, refuses, or does not answer in time. */
  #ask(
    what: string,
    call: (hub: HubProcess) => Promise<unknown>,
    failed: () => void = () => undefined,
  ): void {
    const { clock, draws, hub, log } = this.#ports;
    const wayMs = oneWayMs({ draws, condition: { latencyMs: 2, spike: 0.01 } });
    clock.after(wayMs, () => {
      const asked = hub();
      if (asked === undefined) {
        failed();
        return;
      }
      let ended = false;
      const end = (text: string, then: () => void): void => {
        if (ended) return;
        ended = true;
        patience.cancel();
        log(`${this.id} ${what} ${text}`);
        then();
      };
      const patience = clock.after(hubPatienceMs, () => end('unanswered', failed));
      call(asked).then(
        () => end('done', () => undefined),
        (error: unknown) => end(`refused: ${reasonOf(error)}`, failed),
      );
    });
  }

  #spec(): SystemSpec {
    const { id, type, capabilities, interfaces } = this.options;
    return {
      id,
      type,
      name: id,
      version: `1.0.${this.#place}`,
      capabilities,
      dependencies: [],
      interfaces: interfaces.map((declared, index) => ({
        ...declared,
        uri: this.#uri(index),
        settings: {},
        healthCheck: healthCheck,
      })),
      configuration: {},
      labels: {},
      weight: this.#weight,
      zone: this.#zone,
      owner: '',
    };
  }

  #uri(index: number): string {
    const protocol = this.options.interfaces[index]?.protocol;
    const host = this.id.replaceAll(/[._]/g, '-');
    return `${protocol === 'GRPC' ? 'grpc' : 'http'}://${host}-${this.#place}.sim:${8000 + index}`;
  }
}

const healthCheck: Endpoint['healthCheck'] = { kind: 'AUTO', path: '', service: '' };

function reasonOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'reason' in error
    ? String(error.reason)
    : String(error);
}
