import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type HealthStatus, healthStatuses } from '../base/health-status.ts';
import type { Candidate } from './candidate.ts';
import { selectUsable } from './route-selection.ts';

const refusal = { admitted: false, state: 'OPEN', retryAfterMs: 1000, cause: 'reset' } as const;

const candidate = (systemId: string, rest: Partial<Candidate> = {}): Candidate => ({
  systemId,
  interface: 'rest',
  weight: 1,
  effectiveWeight: 1,
  endpoint: {
    systemId,
    interface: 'rest',
    protocol: 'HTTP',
    uri: 'http://x',
    settings: {},
    routes: [],
    healthCheck: { kind: 'AUTO', path: '', service: '' },
  },
  zone: '',
  status: 'HEALTHY',
  refusal: undefined,
  ejectedUntilMs: undefined,
  takesType: true,
  ...rest,
});
const ejected = { ejectedUntilMs: 1 };
const ids = (candidates: readonly Candidate[]): string => candidates.map(({ systemId }) => systemId).join('');

function select(all: readonly Candidate[], { panicShare = 0.5, panic = true } = {}) {
  const { usable, excluded, ...rest } = selectUsable(all, { panic, ejection: { panicShare } as never });
  return { usable: ids(usable), excluded: ids(excluded), ...rest };
}

describe('an ejected system', () => {
  test('is left out while enough others are usable', () => {
    expect(select([candidate('a', ejected), candidate('b'), candidate('c')])).toEqual({
      usable: 'bc',
      excluded: 'a',
      panic: false,
      ejectionsIgnored: false,
    });
  });

  test.each<[string, Candidate[], string, boolean]>([
    ['half of two is enough', [candidate('a', ejected), candidate('b')], 'b', false],
    [
      'one of three is not',
      [candidate('a', ejected), candidate('b', { status: 'UNHEALTHY' }), candidate('c')],
      'ac',
      true,
    ],
    [
      'open breakers count as not usable',
      [candidate('a', ejected), candidate('b', { refusal }), candidate('c')],
      'ac',
      true,
    ],
    [
      'systems without a route for the type are not counted',
      [candidate('a', ejected), candidate('b', { takesType: false }), candidate('c')],
      'c',
      false,
    ],
    [
      'a degraded one is usable',
      [candidate('a', ejected), candidate('b', { status: 'DEGRADED' })],
      'b',
      false,
    ],
    [
      'a system counts once however many interfaces it has',
      [candidate('a', ejected), candidate('b'), candidate('b'), candidate('b'), candidate('c', { refusal })],
      'abbb',
      true,
    ],
  ])('by the panic share: %s', (_name, all, usable, ejectionsIgnored) => {
    expect(select(all)).toMatchObject({ usable, ejectionsIgnored });
  });

  test('is used whatever the share when nobody else is left, before any unhealthy one', () => {
    const all = [candidate('a', ejected), candidate('b', { status: 'UNHEALTHY' })];
    expect(select(all, { panicShare: 0 })).toMatchObject({
      usable: 'a',
      panic: false,
      ejectionsIgnored: true,
    });
  });

  test('stays out without a panic share as long as one is left', () => {
    const all = [candidate('a', ejected), candidate('b', ejected), candidate('c', ejected), candidate('d')];
    expect(select(all, { panicShare: 0 })).toMatchObject({ usable: 'd', ejectionsIgnored: false });
  });
});

describe('health', () => {
  test('UNHEALTHY ones are tried only when nothing better is left, and the policy allows it', () => {
    const all = [candidate('a', { status: 'UNHEALTHY' }), candidate('b', { status: 'FAILED' })];
    expect(select(all)).toMatchObject({ usable: 'a', excluded: 'b', panic: true });
    expect(select(all, { panic: false })).toMatchObject({ usable: '', excluded: 'ab', panic: false });
    expect(select([...all, candidate('c')])).toMatchObject({ usable: 'c', excluded: 'ab', panic: false });
  });
});

test('ejection never leaves a call without a system that it would have had, and adds none', () => {
  const any = fc.record({
    systemId: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
    status: fc.constantFrom<HealthStatus>(...healthStatuses),
    refusal: fc.constantFrom(undefined, undefined, refusal),
    takesType: fc.constantFrom(true, true, false),
    out: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(any, { maxLength: 10 }), fc.constantFrom(0, 0.3, 0.5, 1), (each, panicShare) => {
      const all = each
        .toSorted((a, b) => (a.systemId < b.systemId ? -1 : 1))
        .map(({ systemId, out, ...rest }) =>
          candidate(systemId, { ...rest, ejectedUntilMs: out ? 1 : undefined }),
        );
      const without = selectUsable(
        all.map((one) => ({ ...one, ejectedUntilMs: undefined })),
        { panic: true, ejection: { panicShare } as never },
      );
      const chosen = selectUsable(all, { panic: true, ejection: { panicShare } as never });
      expect(chosen.usable.length > 0).toBe(without.usable.length > 0);
      expect(chosen.panic).toBe(without.panic);
      expect(chosen.usable.length + chosen.excluded.length).toBe(all.length);
      if (!chosen.ejectionsIgnored && !chosen.panic) {
        expect(chosen.usable.every((one) => one.ejectedUntilMs === undefined)).toBe(true);
      }
    }),
  );
});
