import { z } from 'zod';
import { expressionLengthMax, pagedItemsMax, pagesMax } from '../limits.ts';
import { secretText } from '../secret-value.ts';
import { httpEnvelopes } from './http-settings.ts';
import { statusList } from './status-set.ts';

export const httpMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
export type HttpMethod = (typeof httpMethods)[number];

const pagesDefault = 10;
const pagedItemsDefault = 10_000;

const expression = z.string().min(1).max(expressionLengthMax);
const parameter = z.string().min(1).max(128);
const computed = z.strictObject({
  expression: expression.describe('JSONata over `{payload, message}`; nothing or null leaves the value out.'),
});
const template = z.string().max(4096);
const valueError = 'must be a text, {"expression": "…"} or {"secret_ref": "env:NAME"}';

const pageFields = {
  items: expression
    .optional()
    .describe(
      'JSONata over a page’s `{status, headers, body}` that gives its items; default: the body itself, a list.',
    ),
  max_pages: z
    .int()
    .min(1)
    .max(pagesMax)
    .default(pagesDefault)
    .describe('Pages that are asked for at most. The reply says when there are more.'),
  max_items: z
    .int()
    .min(1)
    .max(pagedItemsMax)
    .default(pagedItemsDefault)
    .describe('Items that are collected at most. The reply says when there are more.'),
};

/** How the pages of a list are asked for. */
export const paginationSettings = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('cursor').describe('Each page names the next by a cursor.'),
    cursor: expression.describe(
      'JSONata over `{status, headers, body}` that gives the next page’s cursor; nothing, null, false or an empty text ends the list.',
    ),
    parameter: parameter.describe('Query parameter that takes the cursor.'),
    ...pageFields,
  }),
  z.strictObject({
    kind: z.literal('page').describe('Pages (or offsets) are counted.'),
    parameter: parameter.describe('Query parameter that takes the number.'),
    start: z.int().min(0).max(1_000_000).default(1).describe('Number of the first page.'),
    step: z.int().min(1).max(100_000).default(1).describe('Added for each page; for offsets the page size.'),
    size: z
      .int()
      .min(1)
      .max(100_000)
      .optional()
      .describe('Items of a full page: one with fewer is the last. Default: an empty page ends the list.'),
    ...pageFields,
  }),
  z.strictObject({
    kind: z.literal('link').describe('`Link: <…>; rel="next"` (RFC 8288), on the interface’s own origin.'),
    ...pageFields,
  }),
]);

export type PaginationSettings = z.output<typeof paginationSettings>;

/** Operation of a route that maps the message to one request of a REST API. */
export const restOperation = z.strictObject({
  method: z.enum(httpMethods).describe('HTTP method. It says what sending twice does unless the route does.'),
  path: z
    .string()
    .min(1)
    .max(2048)
    .describe(
      'Path under the URI, with placeholders: `/pets/{id}`, `/users/{owner.id}`, `/m/{$message.id}`. Values are percent-encoded; a missing or empty one fails the attempt before anything is sent.',
    ),
  encoded_slashes: z
    .boolean()
    .default(false)
    .describe('Whether a value in the path may hold / or \\ (sent as %2F, %5C). Default: it is refused.'),
  query: z
    .record(
      parameter,
      z.union([template, z.number(), z.boolean(), computed, secretText], { error: valueError }),
    )
    .optional()
    .describe(
      'Query parameters by name: a template, a number, a boolean, `{expression}` or a secret. An absent value is left out, a list repeats the parameter.',
    ),
  headers: z
    .record(z.string().min(1).max(128), z.union([template, computed, secretText], { error: valueError }))
    .optional()
    .describe(
      'Headers by name: a template, `{expression}` or a secret. An absent value of a template fails the attempt; an expression that gives nothing leaves the header out.',
    ),
  body: z
    .union([expression, z.literal(false)], { error: 'must be a JSONata expression, or false for no body' })
    .optional()
    .describe(
      'JSONata over `{payload, message}`; false for no body. Default: the payload as it came, and nothing for GET, HEAD and OPTIONS.',
    ),
  body_type: z
    .enum(['json', 'form', 'text', 'raw'])
    .optional()
    .describe(
      'How the body is written: JSON, a form (application/x-www-form-urlencoded), plain text, or `raw`: the payload’s bytes as they are. Default `json` with a `body`, else `raw`.',
    ),
  reply: expression
    .optional()
    .describe(
      'JSONata over `{status, headers, body}` of a success (`{items, pages, truncated}` with pagination) that gives the reply as JSON. Default: the body as it came.',
    ),
  success: statusList
    .optional()
    .describe('Statuses that mean success, such as [200, 404] or ["2xx"]; default ["2xx"].'),
  rejected: statusList
    .optional()
    .describe('Statuses that mean a definite no, beyond 4xx; they win over `success`.'),
  not_executed: statusList
    .optional()
    .describe('Statuses that prove that nothing happened, beyond 429 and 425; they win over the others.'),
  pagination: paginationSettings
    .optional()
    .describe('Collects all pages of a list into one JSON list. Only for GET.'),
});

/** Operation of a route whose messages are sent whole, in an envelope, to the interface's `message_path`. */
export const envelopeOperation = z.strictObject({
  envelope: z.enum(httpEnvelopes).describe('Form in which the whole message is sent.'),
});

/** What a route of an HTTP interface may say. */
export const httpOperation = z.union([restOperation, envelopeOperation]);

export type RestOperation = z.output<typeof restOperation>;
export type EnvelopeOperation = z.output<typeof envelopeOperation>;
