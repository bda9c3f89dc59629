import { type HealthStatus, worseOf } from '../base/health-status.ts';
import type { Endpoint, ProbeResult } from '../base/transport.ts';
import { addressOf, interfacesCause, passiveCause, probeCause, reportCause } from './cause.ts';
import { type PassiveColour, passiveColour, type PassiveReading } from './passive.ts';
import type { MonitoredSystem } from './ports.ts';
import { afterProbe, notProbed, type ProbeState } from './probe-state.ts';
import type { HealthRules } from './rules.ts';
import { badness } from './system-health.ts';

/** A system's own word on how it is. */
export interface HealthReport {
  readonly status: ReportedStatus;
  /** Why, for people; empty when it did not say. */
  readonly cause: string;
  /** When it stops counting, epoch ms; `Infinity` for FAILED, which holds until the next report or registration. */
  readonly untilMs: number;
}

/** The statuses that a system may report of itself. */
export type ReportedStatus = Extract<HealthStatus, 'HEALTHY' | 'DEGRADED' | 'UNHEALTHY' | 'FAILED'>;

/** Everything known of one interface, and what follows from it. */
export interface InterfaceState {
  readonly endpoint: Endpoint;
  readonly probe: ProbeState;
  readonly colour: PassiveColour | undefined;
  readonly reading: PassiveReading;
  /** What people see: probes, coloured by deliveries. FAILED and DISCONNECTED stand at the system. */
  readonly status: HealthStatus;
  readonly statusTimeMs: number;
  readonly cause: string;
  /** What ranks it as a candidate: probes, or FAILED or DISCONNECTED. Deliveries and other reports never change it. */
  readonly routingStatus: HealthStatus;
}

/** Everything known of one system, and what follows from it. */
export interface SystemState {
  readonly systemId: string;
  readonly type: string;
  readonly registrationId: string;
  readonly leaseExpired: boolean;
  /** The report that holds. */
  readonly report: HealthReport | undefined;
  /** By name, in order of preference. */
  readonly interfaces: ReadonlyMap<string, InterfaceState>;
  readonly status: HealthStatus;
  readonly statusTimeMs: number;
  readonly cause: string;
}

/** What can change a status. Events about an interface that the system does not have change nothing. */
export type HealthEvent =
  /** The system's record as it is now. */
  | { readonly kind: 'registered'; readonly system: MonitoredSystem }
  | { readonly kind: 'probed'; readonly interface: string; readonly result: ProbeResult }
  /** What its deliveries of the last minute show. */
  | { readonly kind: 'delivered'; readonly interface: string; readonly reading: PassiveReading }
  | { readonly kind: 'reported'; readonly report: HealthReport }
  /** Time has passed: a report may have ended. */
  | { readonly kind: 'passed' };

/** The state of a system that was not known before. */
export function firstHealth(system: MonitoredSystem, nowMs: number, rules: HealthRules): SystemState {
  return conclude(factsOf(system, undefined), undefined, nowMs, rules);
}

/**
 * The one owner of status. Later signals never overrule earlier ones in this order: (an operator's override, which
 * comes with issue E and goes before all others); FAILED by report; lease lost; probes; deliveries; other reports.
 *
 * A system is as well as its best interface, because that is how it can be reached. Deliveries colour an interface
 * that probes find well DEGRADED. A report makes what people see worse, never better, except where probes know
 * nothing. `statusTimeMs` changes with the status only.
 */
export function reduceHealth(
  state: SystemState,
  event: HealthEvent,
  nowMs: number,
  rules: HealthRules,
): SystemState {
  return conclude(factsAfter(state, event, nowMs, rules), state, nowMs, rules);
}

type InterfaceFacts = Pick<InterfaceState, 'endpoint' | 'probe' | 'colour' | 'reading'>;
type SystemFacts = Pick<SystemState, 'systemId' | 'type' | 'registrationId' | 'leaseExpired' | 'report'> & {
  readonly interfaces: ReadonlyMap<string, InterfaceFacts>;
};

const noReading: PassiveReading = { calls: 0, failures: 0, latencyMs: undefined };

function factsAfter(state: SystemState, event: HealthEvent, nowMs: number, rules: HealthRules): SystemFacts {
  switch (event.kind) {
    case 'registered':
      return factsOf(event.system, state);
    case 'reported':
      return { ...state, report: event.report };
    case 'passed':
      return state;
    case 'probed':
      return withInterface(state, event.interface, (before) => ({
        ...before,
        probe: afterProbe(before.probe, event.result, nowMs, rules),
      }));
    case 'delivered':
      return withInterface(state, event.interface, (before) => ({
        ...before,
        reading: event.reading,
        colour: passiveColour(event.reading, before.colour, rules),
      }));
  }
}

function withInterface(
  state: SystemState,
  name: string,
  change: (before: InterfaceState) => InterfaceFacts,
): SystemFacts {
  const before = state.interfaces.get(name);
  if (before === undefined) return state;
  return {
    ...state,
    interfaces: new Map<string, InterfaceFacts>(state.interfaces).set(name, change(before)),
  };
}

/** What is still known when the record changes: the same place keeps its state, a new incarnation loses its report. */
function factsOf(system: MonitoredSystem, before: SystemState | undefined): SystemFacts {
  const { systemId, type, registrationId, leaseExpired } = system;
  const interfaces = new Map<string, InterfaceFacts>();
  for (const endpoint of system.endpoints) {
    const known = before?.interfaces.get(endpoint.interface);
    interfaces.set(
      endpoint.interface,
      known !== undefined && isSamePlace(known.endpoint, endpoint)
        ? { ...known, endpoint }
        : { endpoint, probe: notProbed, colour: undefined, reading: noReading },
    );
  }
  const report = before?.registrationId === registrationId ? before.report : undefined;
  return { systemId, type, registrationId, leaseExpired, report, interfaces };
}

/** Whether what is known of one interface still holds for another of its name: it is reached and probed as before. */
export function isSamePlace(a: Endpoint, b: Endpoint): boolean {
  return a.uri === b.uri && a.protocol === b.protocol && isProbed(a) === isProbed(b);
}

/** Whether an interface is probed at all. */
export function isProbed(endpoint: Endpoint): boolean {
  return endpoint.healthCheck.kind !== 'NONE';
}

/** Everything that follows from the facts. Does not look at how they came about. */
function conclude(
  facts: SystemFacts,
  before: SystemState | undefined,
  nowMs: number,
  rules: HealthRules,
): SystemState {
  const report = facts.report !== undefined && nowMs < facts.report.untilMs ? facts.report : undefined;
  const out = report?.status === 'FAILED' ? 'FAILED' : facts.leaseExpired ? 'DISCONNECTED' : undefined;
  const interfaces = new Map<string, InterfaceState>();
  for (const [name, each] of facts.interfaces) {
    const known = before?.interfaces.get(name);
    // Most events touch one interface; the others are kept as they are.
    const unchanged = known === each && known.routingStatus === (out ?? each.probe.status);
    interfaces.set(name, unchanged ? known : concludeInterface(each, known, out, nowMs, rules));
  }
  const { status, cause } = concludeSystem([...interfaces.values()], report, out);
  const statusTimeMs = before?.status === status ? before.statusTimeMs : nowMs;
  const { systemId, type, registrationId, leaseExpired } = facts;
  return { systemId, type, registrationId, leaseExpired, report, interfaces, status, statusTimeMs, cause };
}

function concludeInterface(
  facts: InterfaceFacts,
  before: InterfaceState | undefined,
  out: 'FAILED' | 'DISCONNECTED' | undefined,
  nowMs: number,
  rules: HealthRules,
): InterfaceState {
  const { endpoint, probe, colour, reading } = facts;
  const coloured = colour !== undefined && (probe.status === 'HEALTHY' || probe.status === 'UNKNOWN');
  const status = coloured ? 'DEGRADED' : probe.status;
  const cause = coloured
    ? passiveCause(colour, reading, rules)
    : probeCause(probe, addressOf(endpoint.uri), isProbed(endpoint), rules);
  const statusTimeMs = before?.status === status ? before.statusTimeMs : nowMs;
  return {
    endpoint,
    probe,
    colour,
    reading,
    status,
    statusTimeMs,
    cause,
    routingStatus: out ?? probe.status,
  };
}

function concludeSystem(
  interfaces: readonly InterfaceState[],
  report: HealthReport | undefined,
  out: 'FAILED' | 'DISCONNECTED' | undefined,
): { status: HealthStatus; cause: string } {
  if (report !== undefined && out === 'FAILED') {
    return {
      status: 'FAILED',
      cause: `${reportCause('FAILED', report.cause)}; holds until it reports otherwise or registers again`,
    };
  }
  if (out === 'DISCONNECTED') {
    return { status: 'DISCONNECTED', cause: 'its lease ran out: it neither renewed it nor registered again' };
  }
  const [first, ...others] = interfaces.map((each) => each.status);
  const found = others.reduce(
    (best, each) => (badness(each) < badness(best) ? each : best),
    first ?? 'UNKNOWN',
  );
  const cause = interfacesCause(
    found,
    interfaces.map((each) => ({ name: each.endpoint.interface, status: each.status, cause: each.cause })),
  );
  if (report === undefined || report.status === 'FAILED') return { status: found, cause };
  const status = found === 'UNKNOWN' ? report.status : worseOf(found, report.status);
  return { status, cause: status === found ? cause : reportCause(report.status, report.cause) };
}
