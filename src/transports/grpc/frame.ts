import { gunzipSync } from 'node:zlib';
import { messageOf } from '../../base/error.ts';
import { ReplyBytes } from '../reply-bytes.ts';

/** Bytes before each message: one of flags, four of length. */
const prefixBytes = 5;

/** A message with its gRPC length prefix, not compressed. */
export function frameMessage(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(prefixBytes + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, prefixBytes);
  return frame;
}

export type FrameProblem =
  /** The announced or unpacked length is over the limit. */
  | { readonly kind: 'too_large'; readonly text: string }
  /** Not one whole message as the protocol frames it. */
  | { readonly kind: 'garbage'; readonly text: string };

export type FrameResult =
  | { readonly ok: true; readonly message: Uint8Array }
  | { readonly ok: false; readonly problem: FrameProblem };

/** Takes the body of a unary answer piece by piece and refuses it as soon as it cannot be one message within the limit. */
export class UnaryFrame {
  readonly #messageBytesMax: number;
  readonly #bytes: ReplyBytes;
  #expected: number | undefined;

  constructor(messageBytesMax: number) {
    this.#messageBytesMax = messageBytesMax;
    this.#bytes = new ReplyBytes(prefixBytes + messageBytesMax);
  }

  /** Bytes that came so far, the prefix included. */
  get length(): number {
    return this.#bytes.length;
  }

  /** The problem that the bytes so far prove; undefined while all is well. */
  push(piece: Uint8Array): FrameProblem | undefined {
    const fitted = this.#bytes.push(piece);
    if (this.#expected === undefined && this.#bytes.length >= prefixBytes) {
      const prefix = this.#bytes.bytes();
      const flags = prefix.readUInt8(0);
      if (flags > 1) return { kind: 'garbage', text: `the message's first byte is ${flags}, not 0 or 1` };
      const announced = prefix.readUInt32BE(1);
      if (announced > this.#messageBytesMax)
        return { kind: 'too_large', text: `the message announces ${announced} bytes` };
      this.#expected = prefixBytes + announced;
    }
    if (this.#expected !== undefined && (!fitted || this.#bytes.length > this.#expected))
      return { kind: 'garbage', text: 'more than one message answers a unary call' };
    return undefined;
  }

  /** The one message, unpacked. `encoding` is the answer's `grpc-encoding`. */
  finish(encoding: string): FrameResult {
    const bytes = this.#bytes.bytes();
    if (bytes.length === 0) return bad('garbage', 'no message in an answer with status OK');
    if (bytes.length !== this.#expected)
      return bad('garbage', `the message broke off after ${bytes.length} bytes`);
    const message = bytes.subarray(prefixBytes);
    if (bytes[0] === 0) return { ok: true, message };
    if (encoding !== 'gzip')
      return bad('garbage', `a compressed message in the unknown encoding "${encoding}"`);
    try {
      return { ok: true, message: gunzipSync(message, { maxOutputLength: this.#messageBytesMax }) };
    } catch (thrown) {
      return thrown instanceof RangeError
        ? bad('too_large', 'the message unpacks to more bytes')
        : bad('garbage', `the message does not unpack: ${messageOf(thrown)}`);
    }
  }
}

function bad(kind: FrameProblem['kind'], text: string): FrameResult {
  return { ok: false, problem: { kind, text } };
}
