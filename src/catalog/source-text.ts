import { Alias, LineCounter, isMap, isScalar, isSeq, parseAllDocuments } from 'yaml';
import type { Document, ParsedNode } from 'yaml';
import { messageOf } from '../base/error.ts';
import type { FileViolation, SourcePosition } from './catalog-file-error.ts';
import { pathText } from './issue-text.ts';

/** A YAML or JSON text, and what it is called. */
export interface SourceText {
  /** Path of the file as it was given; `-` is standard input. */
  readonly name: string;
  /** Folder that paths in it are relative to. */
  readonly folder: string;
  readonly text: string;
}

/** One document of a text: its value, and where everything in it stands. */
export interface SourceDocument {
  readonly source: SourceText;
  readonly value: unknown;
  /** Where a field stands; of one that is not there, what would hold it. A number in a map counts its keys. */
  locate(path: readonly PropertyKey[]): SourcePosition;
}

/** Faults of form that are told of one document. */
const syntaxFaultsMax = 5;

/** The documents of a text, without empty ones, or what is wrong with it. */
export function parseSource(
  source: SourceText,
): { readonly documents: readonly SourceDocument[] } | { readonly violations: readonly FileViolation[] } {
  const lines = new LineCounter();
  const at = (offset: number, path: string): SourcePosition => {
    const { line, col } = lines.linePos(offset);
    return { file: source.name, line: Math.max(line, 1), column: Math.max(col, 1), path };
  };
  const violations: FileViolation[] = [];
  const documents: SourceDocument[] = [];
  try {
    const parsed = parseAllDocuments(source.text, { lineCounter: lines, prettyErrors: false });
    for (const document of parsed as readonly Document.Parsed[]) {
      // One slip makes the parser stumble many times; the first ones tell.
      const faults = [...document.errors, ...document.warnings].slice(0, syntaxFaultsMax);
      for (const { pos, message } of faults) {
        // The parser tells its own stack overflow as a fault of form.
        if (message.includes('call stack')) throw new RangeError(message);
        violations.push({ ...at(pos[0], ''), message: `is not valid YAML or JSON: ${message}` });
      }
      if (faults.length > 0) continue;
      const value: unknown = document.toJS();
      if (value === null || value === undefined) continue;
      // An alias inside its own anchor makes a ring, which nothing in a catalog can be.
      JSON.stringify(value);
      documents.push({
        source,
        value,
        locate: (path) => at(offsetOf(document, path), pathText(path)),
      });
    }
  } catch (error) {
    // Too many aliases, a ring of them, or lists nested too deeply for the parser.
    const why =
      error instanceof RangeError ? 'it is nested too deeply' : (messageOf(error).split('\n')[0] ?? '');
    const message = `cannot be read: ${why}`;
    return { violations: [{ file: source.name, line: 1, column: 1, path: '', message }] };
  }
  return violations.length > 0 ? { violations } : { documents };
}

/** Where the deepest part of a path that is there begins: the key of a field, the item of a list. */
function offsetOf(document: Document.Parsed, path: readonly PropertyKey[]): number {
  let node: ParsedNode | null | undefined = document.contents;
  let offset = node?.range[0] ?? 0;
  for (const step of path) {
    if (node instanceof Alias) node = node.resolve(document) as ParsedNode | undefined;
    if (isSeq<ParsedNode>(node)) {
      node = node.items[Number(step)];
      if (node === undefined) break;
      offset = node.range[0];
    } else if (isMap<ParsedNode, ParsedNode | null>(node)) {
      const pair: { key: ParsedNode; value: ParsedNode | null } | undefined =
        typeof step === 'number'
          ? node.items[step]
          : node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
      if (pair === undefined) break;
      offset = pair.key.range[0];
      node = pair.value;
    } else break;
  }
  return offset;
}
