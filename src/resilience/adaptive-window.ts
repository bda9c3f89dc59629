/** What an adaptive limit saw of its target since it last moved. */
export class AdaptiveWindow {
  readonly startMs: number;
  /** Most calls in flight at once. */
  peak = 0;
  /** Calls that the target refused or that timed out. */
  drops = 0;
  #answers = 0;
  #sumMs = 0;

  constructor(startMs: number) {
    this.startMs = startMs;
  }

  add(latencyMs: number): void {
    this.#answers += 1;
    this.#sumMs += latencyMs;
  }

  /** Calls that say something. */
  get calls(): number {
    return this.#answers + this.drops;
  }

  /** Mean latency in ms; undefined: there was no answer. */
  get meanMs(): number | undefined {
    return this.#answers === 0 ? undefined : this.#sumMs / this.#answers;
  }
}
