import type { Clock } from '../../../src/base/clock.ts';
import type { HealthMonitor } from '../../../src/health/monitor.ts';
import { ClosingStack } from '../../../src/hub/closing-stack.ts';
import { type Config, configSchema } from '../../../src/hub/config-schema.ts';
import { DescriptorShelf } from '../../../src/hub/descriptor-shelf.ts';
import type { HubBase } from '../../../src/hub/hub-base.ts';
import { openDelivery } from '../../../src/hub/open-delivery.ts';
import { openPutPolicies } from '../../../src/hub/open-put-policies.ts';
import { openRegistryAndHealth } from '../../../src/hub/open-registry.ts';
import { Reloader } from '../../../src/hub/reload.ts';
import type { DeliveryCore } from '../../../src/messaging/delivery-core.ts';
import type { Registry } from '../../../src/registry/registry.ts';
import type { EffectivePolicy, Policy } from '../../../src/resilience/policy.ts';
import { PolicyBook } from '../../../src/resilience/policy-book.ts';
import type { PutPolicies } from '../../../src/resilience/put-policies.ts';
import type { Logger } from '../../../src/telemetry/log.ts';
import { createMetrics } from '../../../src/telemetry/metrics.ts';
import type { Draws } from '../draws.ts';
import type { Disk } from './disk.ts';
import type { Network } from './network.ts';
import { ProcessClock } from './process-clock.ts';

/** Traces that a simulated hub keeps: few, so that the bound is met. */
export const deliveriesKept = 100;
/** Time between probes of a simulated hub, in ms. */
export const probeIntervalMs = 10_000;

export interface HubProcessOptions {
  /** From 1; a restarted hub has the next number. */
  readonly number: number;
  readonly clock: Clock;
  readonly draws: Draws;
  readonly disk: Disk;
  readonly network: Network;
  /** The policies of its configuration. */
  readonly policies: readonly Policy[];
  readonly log: (text: string) => void;
}

interface HubParts {
  readonly core: DeliveryCore;
  readonly registry: Registry;
  readonly monitor: HealthMonitor;
  readonly putPolicies: PutPolicies;
}

/** One process of the hub: what hub/ puts together, without the port and the sockets. */
export class HubProcess {
  readonly number: number;
  readonly policies: PolicyBook;
  readonly clock: ProcessClock;
  alive = true;
  /** Undefined until it has opened. */
  #parts: HubParts | undefined;
  readonly #opened = new ClosingStack();

  constructor(options: HubProcessOptions) {
    this.number = options.number;
    this.policies = new PolicyBook(options.policies);
    this.clock = new ProcessClock(options.clock);
  }

  /** Opens it as hub.ts does. Takes time, because the disk does; never resolves when it dies meanwhile. */
  async open({ draws, disk, network, log }: HubProcessOptions): Promise<void> {
    const logger = loggerTo(log);
    const base: HubBase = {
      config,
      reloader: new Reloader({ config, load: () => config, logger }),
      environment: {},
      policies: this.policies,
      logger,
      opened: this.#opened,
      clock: this.clock,
      random: draws.random,
    };
    const store = disk.open(() => this.alive);
    const transports = network.transportsFor(this);
    const { registry, monitor } = await openRegistryAndHealth(base, store, {
      transports,
      descriptorSets: new DescriptorShelf(),
    });
    const { directory } = registry;
    const putPolicies = await openPutPolicies(base, { store, directory });
    const metrics = createMetrics({ runtime: false });
    const { core } = await openDelivery(base, { store, directory, monitor, transports, metrics });
    if (this.alive) this.#parts = { core, registry, monitor, putPolicies };
  }

  /** Whether it takes calls. */
  get isUp(): boolean {
    return this.alive && this.#parts !== undefined;
  }

  get core(): DeliveryCore {
    return this.#up.core;
  }

  get registry(): Registry {
    return this.#up.registry;
  }

  get monitor(): HealthMonitor {
    return this.#up.monitor;
  }

  get putPolicies(): PutPolicies {
    return this.#up.putPolicies;
  }

  /** What all messages to a system share, by the policies in force now. */
  policyOf(systemId: string): EffectivePolicy {
    const system = this.registry.directory.get(systemId);
    const target = { systemId, type: system?.type, capabilities: system?.capabilities ?? [] };
    return this.policies.forTarget(target).policy;
  }

  /** Ends at once, as by `kill -9`: whatever waits, waits for ever. */
  crash(): void {
    this.alive = false;
    this.clock.kill();
  }

  /** Closes everything in order, as at the end of a drain. */
  async close(onFault: (text: string) => void): Promise<void> {
    await this.#opened.close((name, error) => onFault(`closing ${name}: ${String(error)}`));
    this.alive = false;
  }

  get #up(): HubParts {
    if (this.#parts === undefined) throw new Error(`hub ${this.number} is not open`);
    return this.#parts;
  }
}

const config: Config = configSchema.parse({
  deliveries: { kept: deliveriesKept },
  health: { interval: `${probeIntervalMs / 1000}s`, timeout: '2s' },
});

/** Warnings and errors of the hub, as lines of the simulation's log. */
function loggerTo(log: (text: string) => void): Logger {
  const line = (message: string, fields: object = {}): void =>
    log(`hub: ${message} ${JSON.stringify(fields)}`);
  const logger: Logger = {
    debug: () => undefined,
    info: () => undefined,
    warn: line,
    error: line,
    child: () => logger,
  };
  return logger;
}
