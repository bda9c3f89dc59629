import { schemaViolations } from '../issue-violations.ts';
import type { Expression, Expressions } from '../mapping/expression.ts';
import { type DocumentOperation, parseDocument } from './document.ts';
import { graphqlOperation } from './graphql-settings.ts';

/** Where the variables of a request come from. */
export type VariablesSource =
  | { readonly from: 'payload' }
  | { readonly from: 'expression'; readonly expression: Expression }
  | { readonly from: 'map'; readonly expressions: Readonly<Record<string, Expression>> };

/** A route's operation, ready to be used. */
export interface CompiledGraphql {
  readonly query: string;
  readonly operationName: string | undefined;
  readonly kind: DocumentOperation['kind'];
  readonly variables: VariablesSource;
  readonly reply: Expression | undefined;
  readonly rejectedCodes: ReadonlySet<string>;
}

/** What is wrong with an operation: a path within it, empty for the whole. */
export interface OperationViolation {
  readonly path: string;
  readonly message: string;
}

export type CompileResult =
  | { readonly ok: true; readonly operation: CompiledGraphql }
  | { readonly ok: false; readonly violations: readonly OperationViolation[] };

/** Checks an operation and makes it ready; every violation at once. */
export function compileGraphql(
  operation: Readonly<Record<string, unknown>>,
  expressions: Expressions,
): CompileResult {
  const checked = graphqlOperation.safeParse(operation);
  if (!checked.success) return { ok: false, violations: schemaViolations(graphqlOperation, operation, '') };
  const { query, operation_name: operationName, variables, reply, rejected_codes: codes = [] } = checked.data;
  const violations: OperationViolation[] = [];
  const compiled = (path: string, text: string): Expression | undefined => {
    const result = expressions.compile(text);
    if (result.ok) return result.expression;
    violations.push({ path, message: result.problem });
    return undefined;
  };
  const document = parseDocument(query, operationName);
  if (!document.ok) violations.push({ path: document.path, message: document.problem });
  else if (typeof variables === 'object')
    violations.push(...variableViolations(document.operation, variables));
  const source = sourceOf(variables, compiled);
  const replyExpression = reply === undefined ? undefined : compiled('reply', reply);
  if (!document.ok || violations.length > 0) return { ok: false, violations };
  return {
    ok: true,
    operation: {
      query,
      operationName,
      kind: document.operation.kind,
      variables: source,
      reply: replyExpression,
      rejectedCodes: new Set(codes),
    },
  };
}

function sourceOf(
  variables: string | Readonly<Record<string, string>> | undefined,
  compiled: (path: string, text: string) => Expression | undefined,
): VariablesSource {
  if (variables === undefined) return { from: 'payload' };
  if (typeof variables === 'string') {
    const expression = compiled('variables', variables);
    return expression === undefined ? { from: 'payload' } : { from: 'expression', expression };
  }
  const entries = Object.entries(variables).flatMap(([name, text]) => {
    const expression = compiled(`variables.${name}`, text);
    return expression === undefined ? [] : [[name, expression] as const];
  });
  return { from: 'map', expressions: Object.fromEntries(entries) };
}

/** A map of variables must fit what the document declares: a typo shows at registration. */
function variableViolations(
  { variables }: DocumentOperation,
  given: Readonly<Record<string, string>>,
): OperationViolation[] {
  const shown = variables.map(({ name }) => `$${name}`).join(', ') || 'none';
  const unknown = Object.keys(given)
    .filter((name) => !variables.some((declared) => declared.name === name))
    .map((name) => ({
      path: `variables.${name}`,
      message: `is no variable of the operation, which declares ${shown}`,
    }));
  const missing = variables
    .filter(({ name, required }) => required && !Object.hasOwn(given, name))
    .map(({ name }) => ({ path: 'variables', message: `lack $${name}, which the operation requires` }));
  return [...unknown, ...missing];
}
