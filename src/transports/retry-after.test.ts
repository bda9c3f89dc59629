import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parsePushback, parseRetryAfter } from './retry-after.ts';

const nowMs = Date.UTC(2026, 0, 1, 12, 0, 0);
const dayMs = 86_400_000;

describe('Retry-After', () => {
  test.each([
    ['0', 0],
    ['7', 7000],
    [' 7 ', 7000],
    ['9999999999', dayMs],
    ['Thu, 01 Jan 2026 12:00:30 GMT', 30_000],
    ['Thu, 01 Jan 2026 11:00:00 GMT', 0],
    ['Sat, 01 Jan 2126 12:00:00 GMT', dayMs],
    ['', undefined],
    [undefined, undefined],
    ['-1', undefined],
    ['5.5', undefined],
    ['1e3', undefined],
    ['soon', undefined],
    ['Monkey', undefined],
    ['99999999999', undefined],
  ])('%j asks to wait %s ms', (value, expected) => {
    expect(parseRetryAfter(value, nowMs)).toBe(expected);
  });

  test('is at least nothing and at most a day, whatever comes', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.nat().map(String),
          fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
        ),
        (value) => {
          const waitMs = parseRetryAfter(value, nowMs) ?? 0;
          expect(waitMs).toBeGreaterThanOrEqual(0);
          expect(waitMs).toBeLessThanOrEqual(dayMs);
        },
      ),
    );
  });
});

describe('grpc-retry-pushback-ms', () => {
  test.each([
    ['7000', 7000],
    ['0', 0],
    ['9999999999', dayMs],
  ])('%j asks to wait %s ms', (value, retryAfterMs) => {
    expect(parsePushback(value)).toEqual({ retryAfterMs });
  });

  test.each(['-1', '-9999999999', '', '1s', '1.5', 'soon'])('%j asks not to be asked again', (value) => {
    expect(parsePushback(value)).toEqual({ mayRetry: false });
  });

  test('absent asks for nothing', () => {
    expect(parsePushback(undefined)).toEqual({});
  });
});
