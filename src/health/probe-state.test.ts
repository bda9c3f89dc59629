import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ProbeResult } from '../base/transport.ts';
import { afterProbe, notProbed, type ProbeState } from './probe-state.ts';
import { defaultHealthRules as rules } from './rules.ts';

const results: Record<string, ProbeResult> = {
  '.': { alive: true, latencyMs: 10, detail: 'HTTP 200' },
  s: { alive: true, latencyMs: 1001, detail: 'HTTP 200' },
  d: { alive: true, latencyMs: 10, detail: 'HTTP 200', degraded: true },
  x: { alive: false, latencyMs: 1, detail: 'connection refused' },
};
const probes = (text: string): ProbeState =>
  Array.from(text).reduce((state, sign) => afterProbe(state, results[sign]!, 0, rules), notProbed);

describe('probes decide', () => {
  // One sign a probe: `.` well, `s` slow, `d` says it is degraded, `x` failed.
  test.each([
    ['', 'UNKNOWN'],
    ['.', 'HEALTHY'],
    ['xx', 'UNKNOWN'],
    ['xxx', 'UNHEALTHY'],
    ['.xx', 'HEALTHY'],
    ['.xx.xx', 'HEALTHY'],
    ['.xxx', 'UNHEALTHY'],
    ['xxx.', 'UNHEALTHY'],
    ['xxx.x.', 'UNHEALTHY'],
    ['xxx..', 'HEALTHY'],
    ['xxx.s', 'DEGRADED'],
    ['s', 'DEGRADED'],
    ['.d', 'DEGRADED'],
    ['s.', 'DEGRADED'],
    ['s.s.', 'DEGRADED'],
    ['s..', 'HEALTHY'],
    ['sxx', 'DEGRADED'],
    ['sxxx', 'UNHEALTHY'],
  ])('after %j it is %s', (text, status) => {
    expect(probes(text).status).toBe(status);
  });

  test('that exactly the limit is not slow', () => {
    expect(afterProbe(notProbed, { ...results['s']!, latencyMs: 1000 }, 0, rules).status).toBe('HEALTHY');
  });

  test('that nothing turns bad below the threshold, and nothing good below the other', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...Array.from('.sdx')), { maxLength: 40 }), (signs) => {
        let state = notProbed;
        let failures = 0;
        let successes = 0;
        for (const sign of signs) {
          const before = state.status;
          state = afterProbe(state, results[sign]!, 0, rules);
          failures = sign === 'x' ? failures + 1 : 0;
          successes = sign === 'x' ? 0 : successes + 1;
          expect(state).toMatchObject({ failuresInRow: failures, successesInRow: successes });
          if (sign === 'x') {
            expect(state.status).toBe(failures >= rules.failuresToUnhealthy ? 'UNHEALTHY' : before);
          }
          if (before === 'UNHEALTHY' && state.status !== 'UNHEALTHY') {
            expect(successes).toBe(rules.successesToHealthy);
          }
          if (before === 'DEGRADED' && state.status === 'HEALTHY') {
            expect(state.goodInRow).toBeGreaterThanOrEqual(rules.successesToHealthy);
          }
        }
      }),
    );
  });
});
