import fc from 'fast-check';
import { expect, test } from 'vitest';
import { seededRandom } from './random.ts';
import { continueTrace, traceIdOf } from './trace-context.ts';

const caller = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

test('the caller’s trace goes on under a span of our own, its flags kept', () => {
  const passedOn = continueTrace(caller, seededRandom(1));
  expect(traceIdOf(passedOn)).toBe('4bf92f3577b34da6a3ce929d0e0e4736');
  expect(passedOn.slice(-2)).toBe('01');
  expect(passedOn).not.toBe(caller);
});

test.each([
  undefined,
  '',
  'nonsense',
  caller.replace('00-4b', '01-4b'),
  caller.toUpperCase(),
  `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
  `00-4bf92f3577b34da6a3ce929d0e0e4736-${'0'.repeat(16)}-01`,
])('an invalid traceparent (%s) begins a new trace', (traceparent) => {
  const begun = continueTrace(traceparent, seededRandom(1));
  expect(traceIdOf(begun)).toMatch(/^[0-9a-f]{32}$/);
  expect(begun).not.toContain(traceIdOf(traceparent ?? '') || 'none');
});

test('what is passed on is always valid', () => {
  fc.assert(
    fc.property(fc.integer(), fc.string(), (seed, traceparent) => {
      expect(continueTrace(traceparent, seededRandom(seed))).toMatch(
        /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/,
      );
    }),
  );
});
