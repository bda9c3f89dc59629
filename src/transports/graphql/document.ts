import { GraphQLError, Kind, type OperationDefinitionNode, OperationTypeNode, parse } from 'graphql';

/** Tokens of one document, at most. */
const tokensMax = 10_000;

/** What the hub knows about one operation of a document. */
export interface DocumentOperation {
  readonly kind: 'query' | 'mutation';
  /** Variables that the operation declares. */
  readonly variables: readonly { readonly name: string; readonly required: boolean }[];
}

export type ParsedDocument =
  | { readonly ok: true; readonly operation: DocumentOperation }
  | {
      readonly ok: false;
      /** The field to blame. */
      readonly path: 'query' | 'operation_name';
      /** What is wrong, with line and column for a syntax error. */
      readonly problem: string;
    };

/**
 * Reads the operation that is meant out of a document. Whether its fields exist is the target's to say: the hub has no
 * schema.
 */
export function parseDocument(query: string, operationName: string | undefined): ParsedDocument {
  let operations: readonly OperationDefinitionNode[];
  try {
    const { definitions } = parse(query, { maxTokens: tokensMax, noLocation: false });
    operations = definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  } catch (thrown) {
    if (!(thrown instanceof GraphQLError)) throw thrown;
    const [place] = thrown.locations ?? [];
    const where = place === undefined ? '' : ` (line ${place.line}, column ${place.column})`;
    return { ok: false, path: 'query', problem: `${thrown.message}${where}` };
  }
  const names = operations.map(({ name }) => name?.value ?? 'one without a name').join(', ');
  if (operations.length === 0)
    return { ok: false, path: 'query', problem: 'holds no operation, such as query or mutation' };
  if (operationName === undefined && operations.length > 1)
    return { ok: false, path: 'operation_name', problem: `is needed: the query holds ${names}` };
  const meant = operations.filter(({ name }) => operationName === undefined || name?.value === operationName);
  const [operation] = meant;
  if (operation === undefined)
    return {
      ok: false,
      path: 'operation_name',
      problem: `is ${JSON.stringify(operationName)}, but the query holds ${names}`,
    };
  if (meant.length > 1)
    return { ok: false, path: 'query', problem: `holds the operation ${operationName ?? ''} more than once` };
  if (operation.operation === OperationTypeNode.SUBSCRIPTION)
    return {
      ok: false,
      path: 'query',
      problem: 'is a subscription, which has no single reply; use a query or a mutation',
    };
  return {
    ok: true,
    operation: {
      kind: operation.operation,
      variables: (operation.variableDefinitions ?? []).map(({ variable, type, defaultValue }) => ({
        name: variable.name.value,
        required: type.kind === Kind.NON_NULL_TYPE && defaultValue === undefined,
      })),
    },
  };
}
