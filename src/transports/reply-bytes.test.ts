import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ReplyBytes } from './reply-bytes.ts';

test('the first bytes up to the limit are kept, in whatever pieces they come', () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 20 });
  fc.assert(
    fc.property(pieces, fc.integer({ min: 0, max: 200 }), (all, bytesMax) => {
      const reply = new ReplyBytes(bytesMax);
      let given = 0;
      for (const piece of all) {
        const room = bytesMax - Math.min(given, bytesMax);
        expect(reply.push(piece)).toBe(piece.length <= room);
        given += piece.length;
      }
      expect(reply.length).toBe(Math.min(given, bytesMax));
      expect(reply.bytes().equals(Buffer.concat(all).subarray(0, bytesMax))).toBe(true);
    }),
  );
});

test('many tiny pieces take no more memory than the limit', () => {
  const reply = new ReplyBytes(100_000);
  for (let piece = 0; piece < 200_000; piece += 1) reply.push(Buffer.from([piece % 256]));
  expect(reply.bytes().buffer.byteLength).toBe(100_000);
  expect(reply.length).toBe(100_000);
});

test('a piece that the caller changes afterwards does not change what was kept', () => {
  const reply = new ReplyBytes(10);
  const piece = Buffer.from('abc');
  reply.push(piece);
  piece.fill(0);
  expect(reply.bytes().toString()).toBe('abc');
});
