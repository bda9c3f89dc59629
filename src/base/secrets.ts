/** Where a secret is: `env:NAME` or `file:NAME`. */
export type SecretRef = string;

/** Gives out what references to secrets stand for. Records hold references only; values are read when they are used. */
export interface Secrets {
  /**
   * The value now; a file is read again when it changed. Rejects with {@link SecretUnavailable} and nothing else.
   */
  read(ref: SecretRef): Promise<string>;
  /** Why a reference can never be read here (its form, or what the configuration allows); undefined when it may be. */
  objection(ref: SecretRef): string | undefined;
}

/** A secret that cannot be read. The message names the reference and the way out, never a value. */
export class SecretUnavailable extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SecretUnavailable';
  }
}
