import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatDuration, parseDurationMs } from './duration.ts';

describe('parseDurationMs', () => {
  test.each([
    ['500ms', 500],
    ['1.5s', 1500],
    ['2m', 120_000],
    ['1h', 3_600_000],
    ['30d', 2_592_000_000],
  ])('%s is %i ms', (text, ms) => expect(parseDurationMs(text)).toBe(ms));

  test.each(['5', '', 's', '-1s', '1 week', '0s', '31d', '1e3s', 'NaNs'])('refuses "%s"', (text) =>
    expect(() => parseDurationMs(text)).toThrow(/duration|range/),
  );

  test('reads any text without an unexpected failure', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          expect(parseDurationMs(text)).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toHaveProperty('name', 'UsageError');
        }
      }),
    );
  });
});

describe('formatDuration', () => {
  test.each([
    [0.44, '0.4 ms'],
    [12.4, '12 ms'],
    [1500, '1.5 s'],
    [59_999, '59.9 s'],
    [60_000, '1 m'],
    [125_000, '2 m 5 s'],
    [12_000_000, '3 h 20 m'],
    [200_000_000, '2 d 7 h'],
    [-5, '0 ms'],
  ])('%d ms is %s', (ms, text) => expect(formatDuration(ms)).toBe(text));
});
