import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createFrameReader } from './frame-reader.ts';
import { frameOf, onOneLine, type TcpFraming } from './framing.ts';

const frameBytesMax = 300;

const lengthFraming = fc.record({
  kind: fc.constant('length' as const),
  lengthBytes: fc.constantFrom(1 as const, 2 as const, 4 as const, 8 as const),
  bigEndian: fc.boolean(),
  includesPrefix: fc.boolean(),
});
const lineFraming = fc.constantFrom('\n', '\r\n', '||', 'aab').map((delimiter) => ({
  kind: 'line' as const,
  delimiter: Buffer.from(delimiter),
  dropsReturn: delimiter === '\n',
}));

/** Payloads that are likely to look like delimiters and lengths. */
const payload = fc
  .array(fc.constantFrom(0, 1, 2, 0x0a, 0x0d, 0x61, 0x62, 0x7c, 0xff), { maxLength: 250 })
  .map((bytes) => Buffer.from(bytes));

/** Cuts bytes at the given places, in any order and number. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [...ends, bytes.length].map((end, at) => bytes.subarray(at === 0 ? 0 : ends[at - 1], end));
}

describe('a reader of frames', () => {
  test('finds the same frames however the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.oneof(lengthFraming, lineFraming),
        fc.array(payload, { maxLength: 8 }),
        fc.array(fc.nat(), { maxLength: 40 }),
        (framing: TcpFraming, payloads, places) => {
          const sent = payloads.flatMap((data) => {
            const framed = frameOf(framing, data);
            // A carriage return at the end of a line is taken for a part of its end.
            const returns = framing.kind === 'line' && framing.dropsReturn && data.at(-1) === 0x0d;
            return framed.ok && !returns ? [{ data, frame: framed.frame }] : [];
          });
          const reader = createFrameReader(framing, frameBytesMax);
          const found = cut(Buffer.concat(sent.map(({ frame }) => frame)), places).flatMap((piece) => {
            const { frames, fault } = reader.push(piece);
            expect(fault).toBeUndefined();
            return frames;
          });
          expect(reader.partial).toBe(false);
          expect(found).toEqual(sent.map(({ data }) => data));
        },
      ),
      { numRuns: 500 },
    );
  });

  test('finds the same frames and the same fault in whole bytes of any kind as in single ones', () => {
    fc.assert(
      fc.property(
        fc.oneof(lengthFraming, lineFraming),
        fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes)),
        fc.array(fc.nat(), { maxLength: 20 }),
        (framing: TcpFraming, bytes, places) => {
          const read = (pieces: readonly Buffer[]): { frames: string[]; reason: string } => {
            const reader = createFrameReader(framing, 64);
            const frames: string[] = [];
            for (const piece of pieces) {
              const result = reader.push(piece);
              frames.push(...result.frames.map((frame) => frame.toString('hex')));
              if (result.fault !== undefined) return { frames, reason: result.fault.reason };
            }
            return { frames, reason: '' };
          };
          expect(read(cut(bytes, places))).toEqual(read([bytes]));
        },
      ),
      { numRuns: 500 },
    );
  });

  test.each([1, 2, 4, 8] as const)(
    'refuses a length of %i bytes over the bound before it keeps a byte',
    (size) => {
      const reader = createFrameReader(
        { kind: 'length', lengthBytes: size, bigEndian: true, includesPrefix: false },
        200,
      );
      const { frames, fault } = reader.push(Buffer.alloc(size, 0xff));
      expect(frames).toEqual([]);
      expect(fault?.reason).toBe('reply_too_large');
      expect(fault?.cause).toContain(`${2n ** BigInt(8 * size) - 1n} bytes`);
    },
  );

  test('refuses a length that is shorter than its own prefix', () => {
    const reader = createFrameReader(
      { kind: 'length', lengthBytes: 4, bigEndian: true, includesPrefix: true },
      200,
    );
    expect(reader.push(Buffer.from([0, 0, 0, 3])).fault?.reason).toBe('garbage');
  });

  test('refuses a line over the bound, with or without its end, and takes one at it', () => {
    const line = { kind: 'line', delimiter: Buffer.from('\n'), dropsReturn: true } as const;
    const read = (text: string): string =>
      createFrameReader(line, 10).push(Buffer.from(text)).fault?.reason ?? 'taken';
    expect(read(`${'x'.repeat(10)}\r\n`)).toBe('taken');
    expect(read(`${'x'.repeat(11)}\n`)).toBe('reply_too_large');
    expect(read('x'.repeat(13))).toBe('reply_too_large');
  });
});

test('JSON on one line means the same', () => {
  fc.assert(
    fc.property(fc.json(), fc.nat(4), (text, indent) => {
      const value: unknown = JSON.parse(text);
      const line = onOneLine(Buffer.from(JSON.stringify(value, null, indent)));
      expect(line.some((byte) => byte < 0x20)).toBe(false);
      expect(JSON.parse(line.toString())).toEqual(value);
    }),
  );
});
