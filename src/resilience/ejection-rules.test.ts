import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ejectionsAllowed, ejectionTimeMs, successRateOutliers } from './ejection-rules.ts';

const rates = (...values: number[]) => values.map((rate, place) => ({ systemId: `s${place}`, rate }));
const worstOf = (values: number[], deviations = 1.9): string[] =>
  successRateOutliers(rates(...values), deviations).worst.map(({ systemId }) => systemId);

describe('success rates', () => {
  test.each<[string, number[], string[]]>([
    ['one bad of five is an outlier', [1, 1, 1, 1, 0.5], ['s4']],
    ['one bad of four never is: it can be 1.73 deviations off at most', [1, 1, 1, 0], []],
    ['two bad of ten are', [1, 1, 1, 1, 1, 1, 1, 1, 0, 0], ['s8', 's9']],
    ['three bad of ten are no outliers any more', [1, 1, 1, 1, 1, 1, 1, 0, 0, 0], []],
    [
      'the worst comes first',
      [1, 1, 1, 1, 1, 1, 1, 1, 1, 0.3, 1, 1, 1, 1, 0.2, 1, 1, 1, 1, 1],
      ['s14', 's9'],
    ],
    ['equal rates have no outliers', [0.1, 0.1, 0.1, 0.1, 0.1], []],
    ['nobody is compared with nobody', [], []],
  ])('%s', (_name, values, expected) => {
    expect(worstOf(values)).toEqual(expected);
  });

  test('more deviations never find more outliers, and the better half is never among them', () => {
    const values = fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 3, maxLength: 20 });
    fc.assert(
      fc.property(values, fc.double({ min: 0.1, max: 5, noNaN: true }), (percents, deviations) => {
        const few = worstOf(
          percents.map((percent) => percent / 100),
          deviations + 1,
        );
        const many = worstOf(
          percents.map((percent) => percent / 100),
          deviations,
        );
        expect(many).toEqual(expect.arrayContaining(few));
        expect(many.length).toBeLessThan(percents.length);
      }),
    );
  });
});

test.each([
  [0.1, 1, 0],
  [0.1, 2, 1],
  [0.1, 3, 1],
  [0.1, 10, 1],
  [0.1, 20, 2],
  [0.1, 30, 3],
  [0.29, 100, 29],
  [0.5, 3, 1],
  [1, 1, 0],
  [1, 2, 1],
  [1, 10, 9],
  [0, 10, 0],
  [1, 0, 0],
])('a share of %d of %d systems: %d may be out', (share, systems, allowed) => {
  expect(ejectionsAllowed(share, systems)).toBe(allowed);
});

test('the time out grows with each time, up to the longest', () => {
  const config = { baseTimeMs: 30_000, maxTimeMs: 100_000 };
  expect([1, 2, 3, 4, 9].map((times) => ejectionTimeMs(config, times))).toEqual([
    30_000, 60_000, 90_000, 100_000, 100_000,
  ]);
});
