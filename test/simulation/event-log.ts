import { createHash } from 'node:crypto';
import type { Clock } from '../../src/base/clock.ts';

/** Lines that a failing seed shows. */
const lastLinesMax = 60;

/** Everything that happened, a line each: hashed as it comes, so that equal runs show in equal digests. */
export class EventLog {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #startMs: number;
  readonly #hash = createHash('sha256');
  readonly #onLine: ((line: string) => void) | undefined;
  readonly #last: string[] = [];

  constructor(clock: Pick<Clock, 'now'>, onLine?: (line: string) => void) {
    this.#clock = clock;
    this.#startMs = clock.now();
    this.#onLine = onLine;
  }

  add(text: string): void {
    const line = `${((this.#clock.now() - this.#startMs) / 1000).toFixed(4)} ${text}`;
    this.#hash.update(line);
    this.#hash.update('\n');
    this.#last.push(line);
    if (this.#last.length > lastLinesMax) this.#last.shift();
    this.#onLine?.(line);
  }

  /** The last lines, the oldest first. */
  get last(): readonly string[] {
    return this.#last;
  }

  /** SHA-256 over all lines, in hex. */
  digest(): string {
    return this.#hash.copy().digest('hex');
  }
}
