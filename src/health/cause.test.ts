import { describe, expect, test } from 'vitest';
import type { ProbeResult } from '../base/transport.ts';
import {
  addressOf,
  detailCharsMax,
  interfacesCause,
  passiveCause,
  probeCause,
  reportCause,
} from './cause.ts';
import { ok, refused, slow } from './health.fixture.ts';
import { afterProbe, notProbed } from './probe-state.ts';
import { defaultHealthRules as rules } from './rules.ts';

const causeAfter = (...results: ProbeResult[]): string =>
  probeCause(
    results.reduce((state, result) => afterProbe(state, result, 0, rules), notProbed),
    '127.0.0.1:8001',
    true,
    rules,
  );

describe('the cause in words', () => {
  test.each<[ProbeResult[], string]>([
    [[], 'not probed yet'],
    [[ok], 'HTTP 200'],
    [
      [ok, refused],
      '1 probe failed, last: connection refused (127.0.0.1:8001); 3 in a row make it UNHEALTHY',
    ],
    [[refused, refused, refused], '3 probes failed, last: connection refused (127.0.0.1:8001)'],
    [[refused, refused, refused, ok], 'answers again (HTTP 200), 1 of 2 probes that it needs'],
    [[slow], 'the last probe took 1240 ms, more than 1000 ms (HTTP 200)'],
    [[slow, ok], 'well again (HTTP 200), 1 of 2 probes that it needs'],
    [[{ ...ok, degraded: true, detail: 'replica lags' }], 'says itself that it is degraded: replica lags'],
  ])('of probes %j', (results, cause) => {
    expect(causeAfter(...results)).toBe(cause);
  });

  test('does not repeat an address that the detail holds', () => {
    const result = { ...refused, detail: 'connect ECONNREFUSED 127.0.0.1:8001' };
    expect(causeAfter(result, result, result)).toBe(
      '3 probes failed, last: connect ECONNREFUSED 127.0.0.1:8001',
    );
  });

  test('cuts what a target says', () => {
    const cause = causeAfter({ ...ok, detail: 'x'.repeat(10_000) });
    expect(cause).toBe(`${'x'.repeat(detailCharsMax - 1)}…`);
  });

  test('is cut between characters, never within one', () => {
    const cause = causeAfter({ ...ok, detail: `${'x'.repeat(detailCharsMax - 2)}🚧🚧` });
    expect(cause.isWellFormed()).toBe(true);
    expect(cause.length).toBeLessThanOrEqual(detailCharsMax);
  });

  test('of deliveries names numbers and limit', () => {
    expect(passiveCause('errors', { calls: 120, failures: 8, latencyMs: 10 }, rules)).toBe(
      '8 of 120 deliveries failed within a minute (6.7 %, the limit is 5 %)',
    );
    expect(passiveCause('slow', { calls: 5, failures: 0, latencyMs: 1499.6 }, rules)).toBe(
      'deliveries take 1500 ms on average, the limit is 1000 ms',
    );
  });

  test('of a report is its own', () => {
    expect(reportCause('DEGRADED', 'cache is cold')).toBe('it reports DEGRADED: cache is cold');
    expect(reportCause('DEGRADED', '')).toBe('it reports DEGRADED');
  });

  test('of many interfaces names three and counts the others', () => {
    const interfaces = ['a', 'b', 'c', 'd', 'e'].map((name) => ({
      name,
      status: 'UNHEALTHY' as const,
      cause: 'gone',
    }));
    expect(interfacesCause('UNHEALTHY', interfaces)).toBe('a: gone; b: gone; c: gone; and 2 more');
    expect(interfacesCause('UNKNOWN', [])).toBe('it has no interfaces');
  });

  test.each([
    ['http://127.0.0.1:8001/base?x=1', '127.0.0.1:8001'],
    ['grpc://[::1]:9001', '[::1]:9001'],
    ['echo.local:9001', 'echo.local:9001'],
  ])('takes the address out of %s', (uri, address) => {
    expect(addressOf(uri)).toBe(address);
  });
});
