import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { endpointFixture, monitoredFixture, ok, refused, slow } from './health.fixture.ts';
import type { MonitoredSystem } from './ports.ts';
import { defaultHealthRules as rules } from './rules.ts';
import {
  firstHealth,
  type HealthEvent,
  type HealthReport,
  reduceHealth,
  type ReportedStatus,
  type SystemState,
} from './status-reducer.ts';
import { badness } from './system-health.ts';

const grpc = endpointFixture('echo', { interface: 'grpc', protocol: 'GRPC', uri: 'grpc://127.0.0.1:9001' });
const two = monitoredFixture('echo', { endpoints: [endpointFixture('echo'), grpc] });
const failing = { calls: 10, failures: 10, latencyMs: undefined };
const calm = { calls: 0, failures: 0, latencyMs: undefined };

const probed = (result = ok, name = 'rest_api'): HealthEvent => ({
  kind: 'probed',
  interface: name,
  result,
});
const delivered = (reading = failing): HealthEvent => ({ kind: 'delivered', interface: 'rest_api', reading });
const reported = (status: ReportedStatus, parts: Partial<HealthReport> = {}): HealthEvent => ({
  kind: 'reported',
  report: { status, cause: '', untilMs: Infinity, ...parts },
});
const registered = (parts: Partial<MonitoredSystem> = {}): HealthEvent => ({
  kind: 'registered',
  system: monitoredFixture('echo', parts),
});

/** The state after these events, one a second. */
function after(events: readonly HealthEvent[], system = monitoredFixture('echo')): SystemState {
  let nowMs = 0;
  return events.reduce(
    (state, event) => reduceHealth(state, event, (nowMs += 1000), rules),
    firstHealth(system, 0, rules),
  );
}
const routing = (state: SystemState, name = 'rest_api'): string | undefined =>
  state.interfaces.get(name)?.routingStatus;

describe('precedence', () => {
  test.each<[string, HealthEvent[], string, string]>([
    ['nothing is known', [], 'UNKNOWN', 'UNKNOWN'],
    ['a probe succeeds', [probed()], 'HEALTHY', 'HEALTHY'],
    ['a probe is slow: for routing too', [probed(slow)], 'DEGRADED', 'DEGRADED'],
    ['deliveries fail: for people only', [probed(), delivered()], 'DEGRADED', 'HEALTHY'],
    ['deliveries fail before any probe', [delivered()], 'DEGRADED', 'UNKNOWN'],
    ['deliveries are well again', [probed(), delivered(), delivered(calm)], 'HEALTHY', 'HEALTHY'],
    [
      'probes fail as well',
      [delivered(), probed(refused), probed(refused), probed(refused)],
      'UNHEALTHY',
      'UNHEALTHY',
    ],
    ['a report is worse: for people only', [probed(), reported('UNHEALTHY')], 'UNHEALTHY', 'HEALTHY'],
    ['a report is better', [probed(slow), reported('HEALTHY')], 'DEGRADED', 'DEGRADED'],
    ['a report is all there is', [reported('HEALTHY')], 'HEALTHY', 'UNKNOWN'],
    ['it reports FAILED', [probed(), reported('FAILED')], 'FAILED', 'FAILED'],
    ['it reports otherwise', [probed(), reported('FAILED'), reported('HEALTHY')], 'HEALTHY', 'HEALTHY'],
    ['its lease is lost', [probed(), registered({ leaseExpired: true })], 'DISCONNECTED', 'DISCONNECTED'],
    [
      'it is FAILED and its lease is lost',
      [reported('FAILED'), registered({ leaseExpired: true }), probed()],
      'FAILED',
      'FAILED',
    ],
    [
      'a report cannot bring a lost lease back',
      [registered({ leaseExpired: true }), reported('HEALTHY')],
      'DISCONNECTED',
      'DISCONNECTED',
    ],
    [
      'it registers anew after FAILED',
      [probed(), reported('FAILED'), registered({ registrationId: 'r2' })],
      'HEALTHY',
      'HEALTHY',
    ],
    [
      'its record changes after FAILED, the incarnation does not',
      [probed(), reported('FAILED'), registered()],
      'FAILED',
      'FAILED',
    ],
  ])('%s', (_name, events, status, routingStatus) => {
    const state = after(events);
    expect([state.status, routing(state)]).toEqual([status, routingStatus]);
  });

  test('holds after any sequence of events', () => {
    const event: fc.Arbitrary<HealthEvent> = fc.oneof(
      fc.constantFrom(probed(), probed(slow), probed(refused), probed(refused, 'grpc'), probed(ok, 'grpc')),
      fc.constantFrom(delivered(), delivered(calm), probed(ok, 'nobody')),
      fc
        .constantFrom<ReportedStatus>('HEALTHY', 'DEGRADED', 'UNHEALTHY', 'FAILED')
        .chain((status) => fc.constantFrom(reported(status), reported(status, { untilMs: 5000 }))),
      fc
        .record({ leaseExpired: fc.boolean(), registrationId: fc.constantFrom('r1', 'r2') })
        .map((parts) => registered({ ...parts, endpoints: two.endpoints })),
      fc.constant<HealthEvent>({ kind: 'passed' }),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 30 }), (events) => {
        let state = firstHealth(two, 0, rules);
        let nowMs = 0;
        for (const each of events) {
          nowMs += 1000;
          const before = state;
          state = reduceHealth(before, each, nowMs, rules);
          const interfaces = [...state.interfaces.values()];
          const failed = state.report?.status === 'FAILED' && nowMs < state.report.untilMs;
          if (failed) expect(state.status).toBe('FAILED');
          else if (state.leaseExpired) expect(state.status).toBe('DISCONNECTED');
          else expect(['FAILED', 'DISCONNECTED']).not.toContain(state.status);

          for (const { routingStatus, probe } of interfaces) {
            expect(routingStatus).toBe(
              failed ? 'FAILED' : state.leaseExpired ? 'DISCONNECTED' : probe.status,
            );
          }
          const best = Math.min(...interfaces.map(({ status }) => badness(status)));
          // Reports only make it worse than its best interface, unless nothing else is known.
          if (best !== badness('UNKNOWN')) expect(badness(state.status)).toBeGreaterThanOrEqual(best);

          expect(state.statusTimeMs).toBe(state.status === before.status ? before.statusTimeMs : nowMs);
          for (const { endpoint, status, statusTimeMs } of interfaces) {
            const known = before.interfaces.get(endpoint.interface);
            expect(statusTimeMs).toBe(known?.status === status ? known.statusTimeMs : nowMs);
          }
          expect(state.cause).not.toBe('');
        }
      }),
    );
  });
});

describe('a system with several interfaces', () => {
  test('is as well as the best of them', () => {
    const state = after([...Array<HealthEvent>(3).fill(probed(refused)), probed(ok, 'grpc')], two);
    expect(state.status).toBe('HEALTHY');
    expect([routing(state), routing(state, 'grpc')]).toEqual(['UNHEALTHY', 'HEALTHY']);
    expect(state.cause).toBe(
      'grpc: HTTP 200; rest_api is UNHEALTHY: 3 probes failed, last: connection refused (127.0.0.1:8001)',
    );
  });

  test('keeps interfaces that stay where they are and starts the others afresh when it registers anew', () => {
    const moved = { ...grpc, uri: 'grpc://127.0.0.1:9002' };
    const state = after(
      [
        probed(slow),
        probed(ok, 'grpc'),
        registered({ registrationId: 'r2', endpoints: [endpointFixture('echo'), moved] }),
      ],
      two,
    );
    expect([routing(state), routing(state, 'grpc')]).toEqual(['DEGRADED', 'UNKNOWN']);
  });

  test('forgets what probes found when they are switched off', () => {
    const quiet = { ...grpc, healthCheck: { ...grpc.healthCheck, kind: 'NONE' as const } };
    const state = after([probed(slow, 'grpc'), registered({ endpoints: [quiet] })], two);
    expect([routing(state, 'grpc'), state.cause]).toEqual(['UNKNOWN', 'not probed: its health check is off']);
  });
});

describe('a report', () => {
  test('holds until its time, not longer', () => {
    const start = after([probed(), reported('DEGRADED', { untilMs: 10_000 })]);
    const at = (nowMs: number): string => reduceHealth(start, { kind: 'passed' }, nowMs, rules).status;
    expect([at(9_999), at(10_000)]).toEqual(['DEGRADED', 'HEALTHY']);
  });

  test('does not come back with a clock that is put back', () => {
    const ended = reduceHealth(
      after([probed(), reported('DEGRADED', { untilMs: 3000 })]),
      { kind: 'passed' },
      4000,
      rules,
    );
    expect(reduceHealth(ended, { kind: 'passed' }, 0, rules).status).toBe('HEALTHY');
  });
});
