import type { z } from 'zod';

/** Something wrong with a document: where, what is allowed and what was found. */
export interface DocumentIssue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** Everything that zod found, an issue for each field; needs `reportInput`. */
export function documentIssues(issues: readonly z.core.$ZodIssue[]): readonly DocumentIssue[] {
  return issues.flatMap((issue): readonly DocumentIssue[] => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({ path: [...issue.path, key], message: issue.message }));
    }
    if (issue.code === 'invalid_union') return unionIssues(issue);
    return [{ path: issue.path, message: issueText(issue) }];
  });
}

/** `systems[1].labels["a b"]`. */
export function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((step) => {
      if (typeof step === 'number') return `[${step}]`;
      const name = String(step);
      return /^[A-Za-z_][\w-]*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
    })
    .join('')
    .replace(/^\./, '');
}

/** Of several forms, the one that was meant: the one whose type fits. */
function unionIssues(issue: z.core.$ZodIssueInvalidUnion): readonly DocumentIssue[] {
  const isOfOtherType = (branch: readonly z.core.$ZodIssue[]): boolean =>
    branch.some(({ code, path }) => code === 'invalid_type' && path.length === 0);
  const meant = issue.errors.find((branch) => !isOfOtherType(branch));
  if (meant !== undefined) {
    return documentIssues(meant).map(({ path, message }) => ({ path: [...issue.path, ...path], message }));
  }
  const types = issue.errors.flatMap((branch) =>
    branch.flatMap((each) => (each.code === 'invalid_type' ? [typeName(each.expected)] : [])),
  );
  return [
    {
      path: issue.path,
      message:
        issue.input === undefined
          ? `is required: ${types.join(' or ')}`
          : `must be ${types.join(' or ')}; found ${shown(issue.input)}`,
    },
  ];
}

function issueText(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type') {
    const type = typeName(issue.expected);
    const ownText = issue.message.startsWith('Invalid input') ? undefined : issue.message;
    if (issue.input === undefined)
      return ownText?.replace(/^must be/, 'is required:') ?? `is required: ${type}`;
    const isBare = typeof issue.input === 'number' || typeof issue.input === 'boolean';
    const hint = issue.expected === 'string' && isBare && ownText === undefined ? ' (put it in quotes)' : '';
    return `${ownText ?? `must be ${type}`}; found ${shown(issue.input)}${hint}`;
  }
  if (issue.code === 'invalid_value') {
    const allowed = issue.values.map(String).join(', ');
    return issue.input === undefined
      ? `is required: one of ${allowed}`
      : `must be one of ${allowed}; found ${shown(issue.input)}`;
  }
  return `${issue.message}; found ${shown(issue.input)}`;
}

function typeName(type: string): string {
  return typeNames[type] ?? type;
}

/** Types as people who write YAML call them. */
const typeNames: Readonly<Record<string, string>> = {
  object: 'a map of fields',
  record: 'a map',
  array: 'a list',
  string: 'text',
  boolean: 'true or false',
  number: 'a number',
  int: 'a whole number',
};

/** A value in one short piece; of maps and lists only that they are, for they may hold anything. */
function shown(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object') {
    const keys = Object.keys(value);
    return keys.length === 0 ? 'an empty map' : `a map with ${keys.slice(0, 5).join(', ')}`;
  }
  const text = typeof value === 'string' ? JSON.stringify(value) : `a ${typeof value}`;
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
