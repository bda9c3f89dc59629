import { ReplyBytes } from '../reply-bytes.ts';
import type { LengthFraming, LineFraming, TcpFraming } from './framing.ts';

/** Bytes that are no frame, or one that is too large. */
export interface FrameFault {
  readonly reason: 'garbage' | 'reply_too_large';
  readonly cause: string;
}

/** What a piece of the stream completed. After a fault the stream cannot be read any further. */
export interface FramesRead {
  readonly frames: readonly Buffer[];
  readonly fault?: FrameFault;
}

/** Cuts a stream of bytes into frames, in whatever pieces it comes. Holds at most one frame. */
export interface FrameReader {
  /** Takes a piece; the frames are copies. */
  push(piece: Buffer): FramesRead;
  /** Whether a frame has begun that is not whole yet. */
  readonly partial: boolean;
}

/** A reader of frames whose payload has at most `frameBytesMax` bytes. */
export function createFrameReader(framing: TcpFraming, frameBytesMax: number): FrameReader {
  return framing.kind === 'length'
    ? new LengthReader(framing, frameBytesMax)
    : new LineReader(framing, frameBytesMax);
}

class LengthReader implements FrameReader {
  readonly #framing: LengthFraming;
  readonly #frameBytesMax: number;
  readonly #prefix: Buffer;
  #prefixLength = 0;
  /** The frame that is being read; undefined while its prefix is not whole. */
  #body: { readonly bytes: ReplyBytes; readonly length: number } | undefined;

  constructor(framing: LengthFraming, frameBytesMax: number) {
    this.#framing = framing;
    this.#frameBytesMax = frameBytesMax;
    this.#prefix = Buffer.alloc(framing.lengthBytes);
  }

  get partial(): boolean {
    return this.#prefixLength > 0;
  }

  push(piece: Buffer): FramesRead {
    const frames: Buffer[] = [];
    let at = 0;
    while (at < piece.length) {
      if (this.#body === undefined) {
        const taken = piece.copy(this.#prefix, this.#prefixLength, at);
        this.#prefixLength += taken;
        at += taken;
        if (this.#prefixLength < this.#prefix.length) break;
        const length = this.#announced();
        if (typeof length !== 'number') return { frames, fault: length };
        this.#body = { bytes: new ReplyBytes(length), length };
      }
      const { bytes, length } = this.#body;
      const missing = length - bytes.length;
      bytes.push(piece.subarray(at, at + missing));
      at += Math.min(missing, piece.length - at);
      if (bytes.length < length) break;
      frames.push(bytes.bytes());
      this.#body = undefined;
      this.#prefixLength = 0;
    }
    return { frames };
  }

  /** Length of the payload, or why there can be none. Nothing is kept before it is within its bound. */
  #announced(): number | FrameFault {
    const { lengthBytes, bigEndian, includesPrefix } = this.#framing;
    let value = 0n;
    for (const byte of bigEndian ? this.#prefix : this.#prefix.toReversed())
      value = (value << 8n) | BigInt(byte);
    if (includesPrefix) value -= BigInt(lengthBytes);
    if (value < 0n)
      return {
        reason: 'garbage',
        cause: `the target announced a frame that is shorter than its own prefix of ${lengthBytes} bytes`,
      };
    if (value <= BigInt(this.#frameBytesMax)) return Number(value);
    return {
      reason: 'reply_too_large',
      cause: `the target announced a frame of ${value} bytes, at most ${this.#frameBytesMax} are taken`,
    };
  }
}

class LineReader implements FrameReader {
  readonly #delimiter: Buffer;
  readonly #dropsReturn: boolean;
  readonly #frameBytesMax: number;
  #held: ReplyBytes;

  constructor({ delimiter, dropsReturn }: LineFraming, frameBytesMax: number) {
    this.#delimiter = delimiter;
    this.#dropsReturn = dropsReturn;
    this.#frameBytesMax = frameBytesMax;
    this.#held = this.#empty();
  }

  get partial(): boolean {
    return this.#held.length > 0;
  }

  push(piece: Buffer): FramesRead {
    const frames: Buffer[] = [];
    let rest = piece;
    while (rest.length > 0) {
      const before = this.#held.length;
      const found = rest.indexOf(this.#delimiter);
      const took = this.#held.push(found < 0 ? rest : rest.subarray(0, found + this.#delimiter.length));
      const held = this.#held.bytes();
      // The delimiter may have begun in an earlier piece.
      const end = held.indexOf(this.#delimiter, Math.max(0, before - this.#delimiter.length + 1));
      if (end < 0) return took ? { frames } : { frames, fault: this.#tooLong() };
      const frame = held.subarray(0, this.#dropsReturn && held[end - 1] === 0x0d ? end - 1 : end);
      if (frame.length > this.#frameBytesMax) return { frames, fault: this.#tooLong() };
      frames.push(frame);
      this.#held = this.#empty();
      rest = rest.subarray(end + this.#delimiter.length - before);
    }
    return { frames };
  }

  #empty(): ReplyBytes {
    return new ReplyBytes(this.#frameBytesMax + this.#delimiter.length + (this.#dropsReturn ? 1 : 0));
  }

  #tooLong(): FrameFault {
    return {
      reason: 'reply_too_large',
      cause: `the target sent a line of more than ${this.#frameBytesMax} bytes`,
    };
  }
}
