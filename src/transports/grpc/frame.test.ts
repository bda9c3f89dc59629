import fc from 'fast-check';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { frameMessage, UnaryFrame } from './frame.ts';

const bytesMax = 100;

/** Pushes `body` cut at the given places; the first problem, or what it finishes with. */
function take(body: Uint8Array, cuts: readonly number[] = [], encoding = 'identity') {
  const frame = new UnaryFrame(bytesMax);
  const places = [0, ...cuts.map((cut) => cut % (body.length + 1)).sort((a, b) => a - b), body.length];
  for (const [index, end] of places.entries()) {
    const problem = frame.push(body.subarray(places[index - 1] ?? 0, end));
    if (problem !== undefined) return { ok: false, problem } as const;
  }
  return frame.finish(encoding);
}

function packed(message: Uint8Array): Buffer {
  const frame = frameMessage(gzipSync(message));
  frame[0] = 1;
  return frame;
}

describe('a frame', () => {
  const message = fc.uint8Array({ maxLength: bytesMax });
  const cuts = fc.array(fc.nat(), { maxLength: 20 });

  test('gives back the message, however its bytes are cut', () => {
    fc.assert(
      fc.property(message, cuts, (bytes, places) => {
        const taken = take(frameMessage(bytes), places);
        expect(taken.ok && Buffer.from(taken.message).equals(bytes)).toBe(true);
      }),
    );
  });

  test('is garbage when anything is missing or too much', () => {
    fc.assert(
      fc.property(message, cuts, fc.integer({ min: -20, max: 20 }), (bytes, places, change) => {
        fc.pre(change !== 0);
        const whole = frameMessage(bytes);
        const body =
          change < 0
            ? whole.subarray(0, Math.max(0, whole.length + change))
            : Buffer.concat([whole, Buffer.alloc(change)]);
        expect(take(body, places)).toMatchObject({ ok: false, problem: { kind: 'garbage' } });
      }),
    );
  });

  test('never throws and never keeps more than the limit, whatever comes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }),
        fc.string(),
        (pieces, encoding) => {
          const frame = new UnaryFrame(bytesMax);
          for (const piece of pieces) frame.push(piece);
          const taken = frame.finish(encoding);
          expect(frame.length).toBeLessThanOrEqual(bytesMax + 5);
          if (taken.ok) expect(taken.message.length).toBeLessThanOrEqual(bytesMax);
        },
      ),
    );
  });

  test('of exactly the limit is taken, of one byte more refused by its prefix alone', () => {
    expect(take(frameMessage(new Uint8Array(bytesMax))).ok).toBe(true);
    const frame = new UnaryFrame(bytesMax);
    expect(frame.push(frameMessage(new Uint8Array(bytesMax + 1)).subarray(0, 5))).toMatchObject({
      kind: 'too_large',
    });
  });

  test('unpacks gzip up to the limit', () => {
    expect(take(packed(Buffer.from('hello')), [], 'gzip')).toEqual({
      ok: true,
      message: Buffer.from('hello'),
    });
    expect(take(packed(Buffer.alloc(bytesMax)), [], 'gzip').ok).toBe(true);
    expect(take(packed(Buffer.alloc(bytesMax + 1)), [], 'gzip')).toMatchObject({
      problem: { kind: 'too_large' },
    });
  });

  test.each(['identity', 'deflate', ''])('packed in encoding %j is garbage', (encoding) => {
    expect(take(packed(Buffer.from('x')), [], encoding)).toMatchObject({ problem: { kind: 'garbage' } });
  });

  test('that says it is packed and is not is garbage', () => {
    const frame = frameMessage(Buffer.from('plain'));
    frame[0] = 1;
    expect(take(frame, [], 'gzip')).toMatchObject({ problem: { kind: 'garbage' } });
  });
});
