import fc from 'fast-check';
import { expect, it } from 'vitest';
import { markedBytesMax, payloadMark } from './payload-mark.ts';

it('gives equal payloads equal marks', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2000 }), (data) => {
      expect(payloadMark(Uint8Array.from(data))).toBe(payloadMark(data));
    }),
  );
});

it('tells payloads apart by any byte, as long as they are no longer than what it reads', () => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: markedBytesMax });
  fc.assert(
    fc.property(bytes, fc.nat(), fc.integer({ min: 1, max: 255 }), (data, place, by) => {
      const other = Uint8Array.from(data);
      other[place % data.length]! ^= by;
      expect(payloadMark(other)).not.toBe(payloadMark(data));
    }),
  );
});

it('tells payloads apart by their length', () => {
  const marks = [0, 1, 2, 255, 256, 257, 512, 100_000].map((length) => payloadMark(new Uint8Array(length)));
  expect(new Set(marks).size).toBe(marks.length);
});

it('reads no more of a large payload than it says', () => {
  let reads = 0;
  const data = new Proxy(new Uint8Array(3 * 1024 * 1024), {
    get(target, key) {
      if (typeof key === 'string' && /^\d+$/.test(key)) reads += 1;
      return Reflect.get(target, key, target) as unknown;
    },
  });
  payloadMark(data);
  expect(reads).toBe(markedBytesMax);
});
