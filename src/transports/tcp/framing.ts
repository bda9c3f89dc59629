/** A length, then so many bytes. */
export interface LengthFraming {
  readonly kind: 'length';
  readonly lengthBytes: 1 | 2 | 4 | 8;
  readonly bigEndian: boolean;
  /** Whether the length counts the bytes of the length itself. */
  readonly includesPrefix: boolean;
}

/** Bytes up to a delimiter. */
export interface LineFraming {
  readonly kind: 'line';
  readonly delimiter: Buffer;
  /** Whether a carriage return before the delimiter is no part of the line. */
  readonly dropsReturn: boolean;
}

/** How frames are told apart within a stream. */
export type TcpFraming = LengthFraming | LineFraming;

export type FramedBytes =
  | { readonly ok: true; readonly frame: Buffer }
  /** Why the payload cannot be a frame. */
  | { readonly ok: false; readonly problem: string };

/** A payload as a frame. */
export function frameOf(framing: TcpFraming, payload: Uint8Array): FramedBytes {
  if (framing.kind === 'line') {
    const frame = Buffer.concat([payload, framing.delimiter]);
    // Its end may also look like the delimiter's beginning: the line would end too early.
    if (frame.indexOf(framing.delimiter) === payload.length) return { ok: true, frame };
    return {
      ok: false,
      problem: `the payload holds the delimiter ${JSON.stringify(framing.delimiter.toString('utf8'))}, which would end its line`,
    };
  }
  const { lengthBytes, bigEndian, includesPrefix } = framing;
  let rest = BigInt(payload.length + (includesPrefix ? lengthBytes : 0));
  const prefix = Buffer.alloc(lengthBytes);
  for (let at = 0; at < lengthBytes; at += 1) {
    prefix[at] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  if (rest > 0n)
    return {
      ok: false,
      problem: `the payload has ${payload.length} bytes; a length of ${lengthBytes} bytes cannot say so (setting length_bytes)`,
    };
  return { ok: true, frame: Buffer.concat([bigEndian ? prefix.reverse() : prefix, payload]) };
}

/**
 * JSON text without control characters. They can only be white space between its tokens (RFC 8259), so that its
 * meaning stays the same to the last digit, and no delimiter of control characters can stand in it.
 */
export function onOneLine(json: Buffer): Buffer {
  return json.some((byte) => byte < 0x20)
    ? Buffer.from(json.map((byte) => (byte < 0x20 ? 0x20 : byte)))
    : json;
}
