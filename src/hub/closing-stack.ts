/** What was opened, to be closed in reverse order in one place. */
export class ClosingStack {
  readonly #closers: { readonly name: string; readonly close: () => Promise<void> | void }[] = [];
  #closed: Promise<void> | undefined;

  /** Keeps how to close something that has just been opened. */
  defer(name: string, close: () => Promise<void> | void): void {
    this.#closers.push({ name, close });
  }

  /** Closes everything, the last first, each although another failed; reports faults to `onFault`. Once. */
  close(onFault: (name: string, error: unknown) => void): Promise<void> {
    this.#closed ??= this.#run(onFault);
    return this.#closed;
  }

  async #run(onFault: (name: string, error: unknown) => void): Promise<void> {
    for (const { name, close } of this.#closers.reverse()) {
      try {
        await close();
      } catch (error) {
        onFault(name, error);
      }
    }
  }
}
