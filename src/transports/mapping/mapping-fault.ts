/** Longest cause that a fault tells, characters: errors of expressions may quote a payload. */
const causeLengthMax = 300;

/** A message or an answer that does not fit a mapping. The message names the field and the cause in one line. */
export class MappingFault extends Error {
  readonly field: string;

  constructor(field: string, cause: string) {
    const line = cause.replace(/\s+/g, ' ');
    super(`${field}: ${line.length > causeLengthMax ? `${line.slice(0, causeLengthMax)}…` : line}`);
    this.name = 'MappingFault';
    this.field = field;
  }
}
