import { fromJson } from '@bufbuild/protobuf';
import type { JsonValue } from '@bufbuild/protobuf';
import { PolicySchema } from '#gen/switchyard/resilience/v1/policy_pb.js';
import type { Policy } from '#gen/switchyard/resilience/v1/policy_pb.js';
import { CatalogFileError } from './catalog-file-error.ts';
import type { FileViolation, SourcePosition } from './catalog-file-error.ts';
import { documentIssues } from './issue-text.ts';
import { policyFile } from './policy-file.ts';
import { policyToProto, policyToSettings } from './policy-proto.ts';
import { stepsOf } from './read-catalogs.ts';
import { parseSource } from './source-text.ts';
import type { SourceDocument, SourceText } from './source-text.ts';

/** A policy of a file. */
export interface ReadPolicy {
  readonly policy: Policy;
  /** The etag that the hub printed with it (`policies get -o json`); empty in any other form. */
  readonly etag: string;
  /** Where a field of a violation stands (`policy.retry.attempts`); undefined for one of no policy. */
  locate(field: string): SourcePosition | undefined;
}

/**
 * Reads one policy from a text: in the form of docs/catalogs.md, as a catalog with just one policy, or as
 * `policies get -o json` prints it. Throws CatalogFileError with everything that is wrong.
 */
export function readPolicy(source: SourceText): ReadPolicy {
  const parsed = parseSource(source);
  if ('violations' in parsed) throw new CatalogFileError(parsed.violations);
  const [document, second] = parsed.documents;
  const refuse = (message: string): CatalogFileError =>
    new CatalogFileError([{ file: source.name, line: 0, column: 0, path: '', message }]);
  if (document === undefined)
    throw refuse('holds no policy: write its name, what it matches and what it says');
  if (second !== undefined) throw refuse('holds several documents; put one policy at a time');
  const { value, path } = policyIn(document, refuse);
  const result = policyFile.safeParse(value, { reportInput: true });
  if (!result.success) {
    throw new CatalogFileError(
      documentIssues(result.error.issues).map((issue): FileViolation => ({
        ...document.locate([...path, ...issue.path]),
        message: issue.message,
      })),
    );
  }
  return {
    policy: policyToProto(result.data),
    etag: etagIn(document),
    locate(field) {
      const [root, ...steps] = stepsOf(field);
      return root === 'policy' ? document.locate([...path, ...steps]) : undefined;
    },
  };
}

/** The policy of a document, and where it stands there. */
function policyIn(
  { value }: SourceDocument,
  refuse: (message: string) => Error,
): { readonly value: unknown; readonly path: readonly PropertyKey[] } {
  if (typeof value !== 'object' || value === null) return { value, path: [] };
  if ('policies' in value && Array.isArray(value.policies)) {
    if (value.policies.length !== 1) {
      throw refuse(`holds ${value.policies.length} policies; put one at a time, or apply them as a catalog`);
    }
    return { value: value.policies[0], path: ['policies', 0] };
  }
  if ('policy' in value) return { value: fromRecord(value.policy), path: ['policy'] };
  return { value, path: [] };
}

function etagIn({ value }: SourceDocument): string {
  if (typeof value !== 'object' || value === null || !('policy' in value)) return '';
  const { policy } = value;
  return typeof policy === 'object' && policy !== null && 'etag' in policy ? String(policy.etag) : '';
}

/** What a hub printed in the form of files. One that cannot be read is left to the schema to refuse. */
function fromRecord(record: unknown): unknown {
  try {
    return policyToSettings(fromJson(PolicySchema, record as JsonValue));
  } catch {
    // Changed by hand in a way that the contract does not have.
    return record;
  }
}
