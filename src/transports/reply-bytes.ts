/**
 * Collects the bytes of an answer up to a limit. Pieces are copied into one growing block, so that an answer that
 * comes in millions of tiny pieces takes no more memory than its bytes; the block never exceeds `bytesMax`.
 */
export class ReplyBytes {
  readonly #bytesMax: number;
  #block: Buffer = Buffer.alloc(0);
  #length = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get length(): number {
    return this.#length;
  }

  /** Takes a piece; false when the limit would be exceeded, and what fits is kept. */
  push(piece: Uint8Array): boolean {
    const room = this.#bytesMax - this.#length;
    const taken = piece.length <= room ? piece : piece.subarray(0, room);
    const needed = this.#length + taken.length;
    if (needed > this.#block.length) {
      const grown = Buffer.allocUnsafe(Math.min(this.#bytesMax, Math.max(needed, this.#block.length * 2)));
      grown.set(this.#block.subarray(0, this.#length));
      this.#block = grown;
    }
    this.#block.set(taken, this.#length);
    this.#length = needed;
    return taken.length === piece.length;
  }

  /** What was collected. Valid until the next push. */
  bytes(): Buffer {
    return this.#block.subarray(0, this.#length);
  }
}
