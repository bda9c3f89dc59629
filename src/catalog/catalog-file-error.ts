/** Where something stands in a file. Line and column count from 1. */
export interface SourcePosition {
  /** Path of the file as it was given; `-` is standard input. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Path of the field within its document: `systems[1].interfaces.rest_api.uri`; empty: the document itself. */
  readonly path: string;
}

/** One thing that is wrong with a file. */
export interface FileViolation extends SourcePosition {
  /** What is allowed and what was found. */
  readonly message: string;
}

/** `systems.yaml:12:7`; a position in no line in particular is the file alone. */
export function positionText({ file, line, column }: SourcePosition): string {
  return line === 0 ? file : `${file}:${line}:${column}`;
}

/** Violations that the text of an error shows; the others are counted. */
const shownMax = 100;

/** Files that cannot be used, with everything that is wrong with them; the text has a line for each. */
export class CatalogFileError extends Error {
  readonly violations: readonly FileViolation[];

  constructor(violations: readonly FileViolation[]) {
    const lines = violations.slice(0, shownMax).map((violation) => `  ${violationText(violation)}`);
    const rest = violations.length - lines.length;
    super(['These files cannot be used:', ...lines, ...(rest > 0 ? [`  and ${rest} more`] : [])].join('\n'));
    this.name = 'CatalogFileError';
    this.violations = violations;
  }
}

/** One violation as a line: `systems.yaml:12:7: systems[1].weight: must be …; found …`. */
export function violationText(violation: FileViolation): string {
  const path = violation.path === '' ? '' : `${violation.path}: `;
  return `${positionText(violation)}: ${path}${violation.message}`;
}
