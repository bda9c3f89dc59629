import type { Reply } from '../base/message.ts';

/** A reply that is kept, with what is asked of it. Times are of the monotonic clock. */
export interface KeptReply {
  readonly reply: Reply;
  /** What it answered. */
  readonly messageType: string;
  readonly target: string;
  /** When it came, in ms. */
  readonly timeMs: number;
  /** How long it stays good, in ms. */
  readonly freshForMs: number;
  /** Whether it may be given later still, as the last good reply. */
  readonly mayBeStale: boolean;
}

/** One reply may take one part in this many of the room: a giant must not push out all the others. */
export const replyShareMax = 8;

/** What an entry takes beside its texts and bytes: objects, list, index. */
const overheadBytes = 512;

/** An entry of the list from the one that was used longest ago to the one used last. */
interface Entry extends KeptReply {
  readonly key: string;
  readonly bytes: number;
  before: Entry | undefined;
  after: Entry | undefined;
}

/**
 * Replies by the key of their question, at most `bytesMax` bytes of them in all; the one that was not used for the
 * longest time leaves first. Every operation but {@link deleteWhere} takes constant time: a list beside the map says
 * which one that is, because finding the oldest of a map gets slower with every one that was taken from it.
 */
export class ReplyStore {
  readonly #entries = new Map<string, Entry>();
  #oldest: Entry | undefined;
  #newest: Entry | undefined;
  #bytes = 0;
  #bytesMax: number;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** What is taken up, with all overhead. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Looks without counting it as a use. */
  peek(key: string): KeptReply | undefined {
    return this.#entries.get(key);
  }

  /** It was used: it leaves last now. */
  touch(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry === this.#newest) return;
    this.#unlink(entry);
    this.#append(entry);
  }

  /** Keeps a reply in the place of the one that answered the same; one that is too large is not kept, nor is the old one. */
  set(key: string, kept: KeptReply): void {
    this.delete(key);
    const bytes = bytesOf(key, kept);
    if (bytes * replyShareMax > this.#bytesMax) return;
    const { reply } = kept;
    const entry: Entry = {
      ...kept,
      // Bytes of its own: a view would keep alive all that was read with it.
      reply: { ...reply, data: new Uint8Array(reply.data) },
      key,
      bytes,
      before: undefined,
      after: undefined,
    };
    this.#entries.set(key, entry);
    this.#append(entry);
    this.#bytes += bytes;
    this.#makeFit();
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#unlink(entry);
    this.#bytes -= entry.bytes;
  }

  /** Returns how many it were. */
  deleteWhere(matches: (kept: KeptReply) => boolean): number {
    let count = 0;
    for (const [key, kept] of this.#entries) {
      if (!matches(kept)) continue;
      this.delete(key);
      count += 1;
    }
    return count;
  }

  /** Gives it more room, or less, and then lets go of what does not fit. */
  resize(bytesMax: number): void {
    this.#bytesMax = bytesMax;
    this.#makeFit();
  }

  #makeFit(): void {
    while (this.#oldest !== undefined && this.#bytes > this.#bytesMax) this.delete(this.#oldest.key);
  }

  #append(entry: Entry): void {
    entry.before = this.#newest;
    entry.after = undefined;
    if (this.#newest === undefined) this.#oldest = entry;
    else this.#newest.after = entry;
    this.#newest = entry;
  }

  #unlink(entry: Entry): void {
    if (entry.before === undefined) this.#oldest = entry.after;
    else entry.before.after = entry.after;
    if (entry.after === undefined) this.#newest = entry.before;
    else entry.after.before = entry.before;
  }
}

/** Two bytes a character: what a text takes at most. */
function bytesOf(key: string, { reply, messageType, target }: KeptReply): number {
  let characters =
    key.length + messageType.length + target.length + reply.status.length + reply.contentType.length;
  for (const [name, value] of Object.entries(reply.headers)) characters += name.length + value.length;
  return reply.data.byteLength + 2 * characters + overheadBytes;
}
