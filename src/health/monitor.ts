import type { Clock, Timer } from '../base/clock.ts';
import { HubError } from '../base/error.ts';
import type { Feed } from '../base/feed.ts';
import type { HealthStatus } from '../base/health-status.ts';
import type { Random } from '../base/random.ts';
import type { ProbeResult } from '../base/transport.ts';
import { endpointKeyToString } from '../resilience/endpoint-map.ts';
import { type DeliveryOutcome, type ReportInput, reportValidMs } from './health-input.ts';
import { HealthPublisher } from './health-publisher.ts';
import { type HealthSummary, summarizeHealth } from './health-summary.ts';
import { showHealth } from './health-view.ts';
import { Measurements } from './measurements.ts';
import { passiveColour } from './passive.ts';
import type { Directory, MonitoredSystem, Prober } from './ports.ts';
import { probeDelayMs } from './probe-pace.ts';
import { ProbeSchedule, type ProbeTimes } from './probe-schedule.ts';
import { defaultHealthRules, type HealthRules } from './rules.ts';
import {
  firstHealth,
  type HealthEvent,
  type InterfaceState,
  isProbed,
  isSamePlace,
  reduceHealth,
  type SystemState,
} from './status-reducer.ts';
import type { SystemHealth } from './system-health.ts';

/** What can be changed while the monitor runs. */
export interface HealthSettings {
  /** Time between probes of an interface that does not say, in ms; default 30 s. */
  readonly intervalMs?: number;
  /** Longest a probe of an interface that does not say may take, in ms; default 5 s. */
  readonly timeoutMs?: number;
  /** Probes in flight at once; default 64. */
  readonly probesInFlightMax?: number;
  readonly rules?: HealthRules;
}

export interface HealthMonitorOptions extends HealthSettings {
  readonly clock: Clock;
  readonly random: Random;
  readonly directory: Directory;
  readonly prober: Prober;
}

export interface StatusChange {
  readonly systemId: string;
  readonly from: HealthStatus;
  readonly to: HealthStatus;
  readonly health: SystemHealth;
}

/** How often ends of reports and colours from deliveries are looked at, in ms. */
const tickMs = 1000;
interface Tracked {
  state: SystemState;
  readonly measurements: Measurements;
}

/**
 * Watches every registered system: probes its interfaces, listens to deliveries and reports, and lets the reducer
 * say what follows. Keeps one state per system, so the registry bounds it.
 *
 * Published at once: a change of status of a system or interface, of a record, and each report. What only moves
 * measurements or the wording of a cause is published with it, else within {@link measurementsMs}; `get` and `list`
 * always show the newest. FAILED and DISCONNECTED systems are probed on, so that people see whether they answer.
 */
export class HealthMonitor {
  #options: HealthMonitorOptions & { readonly rules: HealthRules };
  readonly #tracked = new Map<string, Tracked>();
  /** Ids in order; undefined after one came or went. */
  #sortedIds: readonly string[] | undefined;
  readonly #schedule: ProbeSchedule;
  readonly #publisher: HealthPublisher;
  readonly #listeners = new Set<(change: StatusChange) => void>();
  /** Systems with deliveries within the last minute. */
  readonly #delivering = new Set<Tracked>();
  /** Systems whose report ends by itself. */
  readonly #reporting = new Set<Tracked>();
  /** Runs only while there is something to look at. */
  #tick: Timer | undefined;
  readonly #unsubscribe: () => void;
  #closed = false;

  constructor(options: HealthMonitorOptions) {
    const { clock, random, directory, probesInFlightMax } = options;
    this.#options = { ...options, rules: options.rules ?? defaultHealthRules };
    this.#publisher = new HealthPublisher(clock, (systemId) => this.get(systemId));
    this.#schedule = new ProbeSchedule({
      clock,
      random,
      ...(probesInFlightMax === undefined ? {} : { inFlightMax: probesInFlightMax }),
      probe: (key, limits) => this.#probe(key, limits),
      onResult: (key, result) => this.#probed(key, result),
    });
    this.#unsubscribe = directory.onChange((systemId) => this.#directoryChanged(systemId));
    for (const system of directory.systems()) this.#registered(system);
  }

  /**
   * Changes times and rules from now on: probes are scheduled anew, statuses follow with the next probe or delivery.
   */
  configure(settings: Required<HealthSettings>): void {
    this.#options = { ...this.#options, ...settings };
    this.#schedule.limit(settings.probesInFlightMax);
    for (const tracked of this.#tracked.values()) this.#scheduleProbes(tracked, undefined);
  }

  /** The health of each system under its id, for watchers. */
  get feed(): Feed<SystemHealth> {
    return this.#publisher.feed;
  }

  /** What people see of a system; UNKNOWN for one that is not there. */
  statusOf(systemId: string): HealthStatus {
    return this.#tracked.get(systemId)?.state.status ?? 'UNKNOWN';
  }

  /** What ranks an interface as a candidate. UNKNOWN for one that is not there. On the path of every delivery. */
  routingStatusOf(systemId: string, interfaceName: string): HealthStatus {
    return this.#tracked.get(systemId)?.state.interfaces.get(interfaceName)?.routingStatus ?? 'UNKNOWN';
  }

  /** The health of a system; undefined for one that is not there. */
  get(systemId: string): SystemHealth | undefined {
    const tracked = this.#tracked.get(systemId);
    return tracked === undefined ? undefined : this.#show(tracked);
  }

  /** Ids of all systems, in order. */
  ids(): readonly string[] {
    this.#sortedIds ??= [...this.#tracked.keys()].sort();
    return this.#sortedIds;
  }

  /** The health of all systems by id, each made as it is read. */
  *list(): IterableIterator<SystemHealth> {
    for (const systemId of this.ids()) {
      const health = this.get(systemId);
      if (health !== undefined) yield health;
    }
  }

  summary(): HealthSummary {
    return summarizeHealth(
      this.ids(),
      (systemId) => this.statusOf(systemId),
      (systemId) => this.get(systemId),
    );
  }

  /**
   * Probes every interface of these systems now and resolves with what was found, in the order given; interfaces
   * without probes stay as they are, and systems that go meanwhile are left out. At most as many probes at once as
   * for the schedule; one in flight is joined. Throws SYSTEM_NOT_FOUND before any probe, and the signal's reason when
   * it aborts; probes that were begun still count then.
   */
  async check(systemIds: readonly string[], signal: AbortSignal): Promise<SystemHealth[]> {
    const keys = systemIds.flatMap((systemId) =>
      [...this.#known(systemId).state.interfaces.keys()].map((name) =>
        endpointKeyToString({ systemId, interface: name }),
      ),
    );
    signal.throwIfAborted();
    await Promise.all(keys.map((key) => this.#schedule.check(key, signal)));
    return systemIds.map((systemId) => this.get(systemId)).filter((health) => health !== undefined);
  }

  /**
   * Takes a system's own word. Replaces the report before. Throws SYSTEM_NOT_FOUND, and LEASE_LOST when it comes from
   * an earlier incarnation.
   */
  report(input: ReportInput): SystemHealth {
    const tracked = this.#known(input.systemId);
    const { registrationId } = tracked.state;
    if (input.registrationId !== undefined && input.registrationId !== registrationId) {
      throw new HubError({
        reason: 'LEASE_LOST',
        message: `The report for system "${input.systemId}" comes from incarnation "${input.registrationId}", which was replaced; the process that registered last reports.`,
        metadata: { system_id: input.systemId, registration_id: input.registrationId },
      });
    }
    const untilMs =
      input.status === 'FAILED' ? Infinity : this.#options.clock.now() + (input.validForMs ?? reportValidMs);
    this.#apply(tracked, {
      kind: 'reported',
      report: { status: input.status, cause: input.cause, untilMs },
    });
    if (untilMs === Infinity) this.#reporting.delete(tracked);
    else this.#reporting.add(tracked);
    this.#keepTicking();
    return this.#show(tracked);
  }

  /** Takes in how a delivery ended. On the path of every delivery. */
  observe(outcome: DeliveryOutcome): void {
    if (!outcome.counts) return;
    const tracked = this.#tracked.get(outcome.systemId);
    const state = tracked?.state.interfaces.get(outcome.interface);
    if (tracked === undefined || state === undefined) return;
    const nowMs = this.#options.clock.monotonic();
    const reading = tracked.measurements.delivered(outcome.interface, outcome, nowMs);
    this.#delivering.add(tracked);
    this.#publisher.soon(outcome.systemId);
    this.#keepTicking();
    if (passiveColour(reading, state.colour, this.#options.rules) === state.colour) return;
    this.#apply(tracked, { kind: 'delivered', interface: outcome.interface, reading });
  }

  /** Calls back after the status that people see has changed, never for systems that come or go. Must not throw. */
  onStatusChange(listener: (change: StatusChange) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Stops probes and timers. What is known stays readable. */
  close(): void {
    this.#closed = true;
    this.#unsubscribe();
    this.#schedule.close();
    this.#tick?.cancel();
    this.#tick = undefined;
    this.#delivering.clear();
    this.#reporting.clear();
    this.#publisher.close();
  }

  #known(systemId: string): Tracked {
    const tracked = this.#tracked.get(systemId);
    if (tracked !== undefined) return tracked;
    throw new HubError({
      reason: 'SYSTEM_NOT_FOUND',
      message: `No system "${systemId}" is registered; list the systems to see which are.`,
      metadata: { system_id: systemId },
      resource: { type: 'system', name: systemId },
    });
  }

  #directoryChanged(systemId: string): void {
    const system = this.#options.directory.get(systemId);
    if (system === undefined) this.#removed(systemId);
    else this.#registered(system);
  }

  #registered(system: MonitoredSystem): void {
    const { systemId } = system;
    const tracked = this.#tracked.get(systemId);
    if (tracked === undefined) {
      const state = firstHealth(system, this.#options.clock.now(), this.#options.rules);
      const created: Tracked = { state, measurements: new Measurements() };
      this.#tracked.set(systemId, created);
      this.#sortedIds = undefined;
      this.#scheduleProbes(created, undefined);
      this.#publisher.now(systemId);
      return;
    }
    const before = tracked.state;
    for (const [name, { endpoint }] of before.interfaces) {
      const next = system.endpoints.find((each) => each.interface === name);
      if (next !== undefined && isSamePlace(endpoint, next)) continue;
      tracked.measurements.forget(name);
      this.#schedule.delete(endpointKeyToString(endpoint));
    }
    this.#apply(tracked, { kind: 'registered', system });
    this.#scheduleProbes(tracked, before);
  }

  #removed(systemId: string): void {
    const tracked = this.#tracked.get(systemId);
    if (tracked === undefined) return;
    this.#tracked.delete(systemId);
    this.#sortedIds = undefined;
    this.#delivering.delete(tracked);
    this.#reporting.delete(tracked);
    for (const { endpoint } of tracked.state.interfaces.values()) {
      this.#schedule.delete(endpointKeyToString(endpoint));
    }
    this.#publisher.remove(systemId);
  }

  #scheduleProbes({ state }: Tracked, before: SystemState | undefined): void {
    const replaced = before !== undefined && before.registrationId !== state.registrationId;
    for (const each of state.interfaces.values()) {
      if (!isProbed(each.endpoint)) continue;
      const key = endpointKeyToString(each.endpoint);
      this.#schedule.set(key, this.#timesOf(each));
      // A process that registered again has probably just started: look soon.
      if (replaced) this.#schedule.hurry(key);
    }
  }

  #timesOf({ endpoint }: InterfaceState): ProbeTimes {
    const { intervalMs = 30_000, timeoutMs = 5000 } = this.#options;
    return {
      intervalMs: endpoint.healthCheck.intervalMs ?? intervalMs,
      timeoutMs: endpoint.healthCheck.timeoutMs ?? timeoutMs,
    };
  }

  async #probe(key: string, limits: { deadlineMs: number; signal: AbortSignal }): Promise<ProbeResult> {
    const endpoint = this.#find(key)?.state.endpoint;
    if (endpoint === undefined) return { alive: false, latencyMs: 0, detail: 'no longer registered' };
    return this.#options.prober(endpoint, limits);
  }

  #probed(key: string, result: ProbeResult): number {
    const found = this.#find(key);
    if (found === undefined) return 0;
    const { tracked, name } = found;
    if (result.alive) tracked.measurements.probed(result.latencyMs, this.#options.clock.monotonic());
    this.#apply(tracked, { kind: 'probed', interface: name, result });
    const state = tracked.state.interfaces.get(name) ?? found.state;
    return probeDelayMs(state.probe, this.#timesOf(state).intervalMs, this.#options.rules);
  }

  /** The interface of a key made by `endpointKeyToString`: a system id holds no slash. */
  #find(key: string): { tracked: Tracked; name: string; state: InterfaceState } | undefined {
    const slash = key.indexOf('/');
    const tracked = this.#tracked.get(key.slice(0, slash));
    const name = key.slice(slash + 1);
    const state = tracked?.state.interfaces.get(name);
    return tracked === undefined || state === undefined ? undefined : { tracked, name, state };
  }

  #apply(tracked: Tracked, event: HealthEvent): void {
    const before = tracked.state;
    const after = reduceHealth(before, event, this.#options.clock.now(), this.#options.rules);
    tracked.state = after;
    if (event.kind === 'registered' || event.kind === 'reported' || statusesDiffer(before, after)) {
      this.#publisher.now(after.systemId);
    } else {
      this.#publisher.soon(after.systemId);
    }
    if (before.status === after.status) return;
    const change = {
      systemId: after.systemId,
      from: before.status,
      to: after.status,
      health: this.#show(tracked),
    };
    for (const listener of this.#listeners) listener(change);
  }

  #show({ state, measurements }: Tracked): SystemHealth {
    return showHealth(state, measurements, this.#options.clock.monotonic());
  }

  #keepTicking(): void {
    if (this.#tick !== undefined || this.#closed) return;
    this.#tick = this.#options.clock.every(tickMs, () => this.#onTick());
  }

  #onTick(): void {
    const { clock } = this.#options;
    const nowMs = clock.monotonic();
    for (const tracked of this.#reporting) {
      const { report } = tracked.state;
      if (report !== undefined && clock.now() < report.untilMs) continue;
      this.#reporting.delete(tracked);
      this.#apply(tracked, { kind: 'passed' });
    }
    for (const tracked of this.#delivering) this.#lookAtDeliveries(tracked, nowMs);
    if (this.#reporting.size + this.#delivering.size > 0) return;
    this.#tick?.cancel();
    this.#tick = undefined;
  }

  /** Lets the minute slide on: colours go and their texts change although nothing more is delivered. */
  #lookAtDeliveries(tracked: Tracked, nowMs: number): void {
    let calls = 0;
    for (const [name, { colour }] of tracked.state.interfaces) {
      const reading = tracked.measurements.read(name, nowMs);
      calls += reading.calls;
      if (colour !== undefined) this.#apply(tracked, { kind: 'delivered', interface: name, reading });
    }
    if (calls > 0) return;
    this.#delivering.delete(tracked);
    // The error rate that watchers were shown is 0 now.
    this.#publisher.soon(tracked.state.systemId);
  }
}

function statusesDiffer(before: SystemState, after: SystemState): boolean {
  if (before.status !== after.status) return true;
  for (const [name, each] of after.interfaces) {
    const known = before.interfaces.get(name);
    if (known?.status !== each.status || known.routingStatus !== each.routingStatus) return true;
  }
  return false;
}
