import type { Message } from '../../base/message.ts';
import { isJson } from '../http/json-payload.ts';
import { exactJsonText } from '../mapping/exact-json.ts';
import type { Expressions } from '../mapping/expression.ts';
import { MappingFault } from '../mapping/mapping-fault.ts';
import { isJsonType, mappingInputOf } from '../mapping/mapping-input.ts';
import type { CompiledGraphql } from './compiled-operation.ts';

/** Largest request, bytes: a message's payload and the document around it. */
const requestBytesMax = 4 * 1024 * 1024;

/**
 * The body of a request, GraphQL over HTTP section 5.1. Without an operation the payload is the request itself:
 * `{query, variables?, operationName?}`. A payload that is passed on is passed on exactly as it came. Throws
 * {@link MappingFault}.
 */
export function requestBody(
  operation: CompiledGraphql | undefined,
  message: Message,
  { systemId, expressions }: { readonly systemId: string; readonly expressions: Expressions },
): Uint8Array {
  if (operation === undefined) return wholeRequest(message);
  const { query, operationName } = operation;
  const head = JSON.stringify({ query, ...(operationName === undefined ? {} : { operationName }) });
  const variables = variablesText(operation, message, { systemId, expressions });
  return Buffer.from(variables === undefined ? head : `${head.slice(0, -1)},"variables":${variables}}`);
}

function variablesText(
  { variables }: CompiledGraphql,
  message: Message,
  { systemId, expressions }: { readonly systemId: string; readonly expressions: Expressions },
): string | undefined {
  if (variables.from === 'payload') {
    if (message.data.length === 0) return undefined;
    const text = jsonObjectText(message);
    if (text === undefined)
      throw new MappingFault(
        'payload',
        'must be a JSON object, for it is the variables; give the route an expression for variables otherwise',
      );
    return text;
  }
  const input = mappingInputOf(message, systemId);
  const named: Readonly<Record<string, unknown>> =
    variables.from === 'map'
      ? expressions.evaluate(variables.expressions, input)
      : expressions.evaluate({ variables: variables.expression }, input);
  const value = variables.from === 'map' ? named : named['variables'];
  if (value === undefined) return undefined;
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new MappingFault('variables', 'the expression must give an object');
  return exactJsonText(value, 'variables', requestBytesMax);
}

function wholeRequest(message: Message): Uint8Array {
  const text = jsonObjectText(message);
  const request = text === undefined ? undefined : (JSON.parse(text) as Readonly<Record<string, unknown>>);
  if (typeof request?.['query'] !== 'string')
    throw new MappingFault(
      'payload',
      'must be a GraphQL request such as {"query": "…", "variables": {…}}, for the interface has no routes',
    );
  return message.data;
}

/** The payload's text when it is a JSON object. */
function jsonObjectText({ contentType, data }: Message): string | undefined {
  if (!isJsonType(contentType) || !isJson(data)) return undefined;
  const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf8');
  return text.trimStart().startsWith('{') ? text : undefined;
}
