import type { HeaderPairs } from '../http/request-headers.ts';

/** What every request says about its form, and what may come back (GraphQL over HTTP, sections 5 and 6). */
export const acceptHeaders: HeaderPairs = [
  ['content-type', 'application/json'],
  ['accept', 'application/graphql-response+json, application/json'],
  ['accept-encoding', 'identity'],
];
