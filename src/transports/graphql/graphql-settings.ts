import { z } from 'zod';
import { httpConnectionSettings } from '../http/http-settings.ts';
import { expressionLengthMax } from '../limits.ts';

/** Longest document of a route, in characters. */
const queryLengthMax = 32_768;

/** Settings of a GraphQL interface: `headers` and `tls`, as of an HTTP interface. */
export const graphqlSettings = z.strictObject(httpConnectionSettings.shape);

export type GraphqlSettings = z.output<typeof graphqlSettings>;

const expression = z.string().min(1).max(expressionLengthMax);

/** Operation of a route of a GraphQL interface. */
export const graphqlOperation = z.strictObject({
  query: z
    .string()
    .min(1)
    .max(queryLengthMax)
    .describe(
      'GraphQL document. A query is safe to repeat, a mutation is not, unless the route says so; subscriptions are refused.',
    ),
  operation_name: z
    .string()
    .regex(/^[_A-Za-z][_0-9A-Za-z]{0,127}$/, 'must be a GraphQL name')
    .optional()
    .describe('Which operation of the document is meant; needed when there are several.'),
  variables: z
    .union([expression, z.record(z.string(), expression)], {
      error: 'must be a JSONata expression, or one for each variable',
    })
    .optional()
    .describe(
      'JSONata over `{payload, message}` that gives an object, or an expression for each variable. Default: the payload, a JSON object.',
    ),
  reply: expression
    .optional()
    .describe('JSONata over `data` that gives the reply as JSON. Default: the whole response as it came.'),
  rejected_codes: z
    .array(z.string().min(1).max(128))
    .max(100)
    .optional()
    .describe(
      'Codes of errors (`extensions.code`) that mean a definite no, even after the execution began; default none.',
    ),
});

export type GraphqlOperation = z.output<typeof graphqlOperation>;
