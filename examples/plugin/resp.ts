/** RESP2, the protocol of Redis and its kin: https://redis.io/docs/latest/develop/reference/protocol-spec/ */

/** A value of RESP2. */
export type RespValue = string | number | null | readonly RespValue[] | RespError;

/** An error that the server answered, such as `WRONGTYPE Operation against a key …`. */
export class RespError {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** The first word: what kind of error it is. */
  get code(): string {
    return this.text.split(' ')[0] ?? '';
  }
}

/** Bytes that are not RESP. */
export class NotResp extends Error {}

/** A reply that is larger than the reader takes. */
export class ReplyTooLarge extends Error {}

/** Arrays within arrays, and items of one array, at most. */
const depthMax = 16;
const itemsMax = 1_000_000;

/** A command as its bytes: an array of bulk strings. */
export function encodeCommand(words: readonly (string | Uint8Array)[]): Buffer {
  const pieces = words.flatMap((word) => {
    const bytes = typeof word === 'string' ? Buffer.from(word) : word;
    return [Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n')];
  });
  return Buffer.concat([Buffer.from(`*${words.length}\r\n`), ...pieces]);
}

/** Reads values from bytes as they come, each byte once. */
export class RespReader {
  readonly #bytesMax: number;
  #held: Buffer = Buffer.alloc(0);
  /** Bytes of the value that is being read, without those held. */
  #taken = 0;
  /** Arrays that have begun, the outermost first. */
  readonly #open: { readonly items: RespValue[]; readonly count: number }[] = [];

  /** `bytesMax`: bytes of one value, framing and all. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** The values that are whole now. Throws NotResp or ReplyTooLarge. */
  push(piece: Buffer): readonly RespValue[] {
    this.#held = Buffer.concat([this.#held, piece]);
    const whole: RespValue[] = [];
    for (let token = this.#token(); token !== undefined; token = this.#token()) {
      if (typeof token === 'object' && token !== null && 'count' in token) {
        if (this.#open.length >= depthMax) throw new NotResp('arrays that are too deep');
        this.#open.push({ items: [], count: token.count });
        continue;
      }
      const value = this.#close(token);
      if (value === undefined) continue;
      whole.push(value);
      this.#taken = 0;
    }
    if (this.#taken + this.#held.length > this.#bytesMax)
      throw new ReplyTooLarge(`a reply of more than ${this.#bytesMax} bytes`);
    return whole;
  }

  /** Puts a value where it belongs; gives the outermost one when that is whole. */
  #close(value: RespValue): RespValue | undefined {
    let closed = value;
    for (let array = this.#open.at(-1); array !== undefined; array = this.#open.at(-1)) {
      array.items.push(closed);
      if (array.items.length < array.count) return undefined;
      this.#open.pop();
      closed = array.items;
    }
    return closed;
  }

  /** The next value that is no array, or the head of one; undefined when more bytes are needed. */
  #token(): Exclude<RespValue, readonly RespValue[]> | { readonly count: number } | readonly [] | undefined {
    const lineEnd = this.#held.indexOf('\r\n');
    if (lineEnd < 0) return undefined;
    const line = this.#held.toString('utf8', 1, lineEnd);
    const rest = lineEnd + 2;
    switch (String.fromCharCode(this.#held[0] ?? 0)) {
      case '+':
        return this.#take(rest, line);
      case '-':
        return this.#take(rest, new RespError(line));
      case ':':
        return this.#take(rest, wholeNumber(line));
      case '*': {
        const count = wholeNumber(line);
        if (count > itemsMax) throw new NotResp(`an array of ${count} items`);
        return this.#take(rest, count > 0 ? { count } : count < 0 ? null : []);
      }
      case '$': {
        const length = wholeNumber(line);
        if (length < 0) return this.#take(rest, null);
        if (length > this.#bytesMax) throw new ReplyTooLarge(`a reply of ${length} bytes`);
        if (this.#held.length < rest + length + 2) return undefined;
        if (this.#held.toString('latin1', rest + length, rest + length + 2) !== '\r\n')
          throw new NotResp('a string that is longer than it says');
        return this.#take(rest + length + 2, this.#held.toString('utf8', rest, rest + length));
      }
      default:
        throw new NotResp(`a reply that begins with ${JSON.stringify(line.slice(0, 20))}`);
    }
  }

  #take<T>(length: number, token: T): T {
    this.#held = this.#held.subarray(length);
    this.#taken += length;
    return token;
  }
}

function wholeNumber(text: string): number {
  if (!/^-?[0-9]{1,15}$/.test(text))
    throw new NotResp(`${JSON.stringify(text.slice(0, 20))} where a number belongs`);
  return Number(text);
}
