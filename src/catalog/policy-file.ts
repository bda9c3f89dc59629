import { z } from 'zod';
import { messageKinds, repeatSafeties } from '../base/message.ts';
import { balanceStrategies, matchEntriesMax, repeatScopes } from '../resilience/policy.ts';
import { retryableReasons } from '../resilience/retry-conditions.ts';
import { duration, fields, list, number, share, slug, whole } from './setting-rules.ts';

const names = () => list(z.string(), matchEntriesMax).default([]);

/**
 * One policy as catalogs and the hub's configuration spell it. What goes with what (a breaker only where the match
 * names targets alone) the hub checks: policyViolations in resilience/policy.ts.
 */
export const policyFile = fields({
  name: slug().describe('Unique name, a slug.'),
  match: fields({
    message_types: names().describe('Message types, or prefixes such as payments.*.'),
    kinds: list(z.enum(messageKinds), matchEntriesMax).default([]).describe('Kinds of message.'),
    sources: names().describe('Systems that send: ids, or prefixes.'),
    system_ids: names().describe('Systems that receive: ids, or prefixes.'),
    types: names().describe('Types of the systems that receive, or prefixes.'),
    capabilities: names().describe('Capabilities of the systems that receive, or prefixes.'),
  })
    .prefault({})
    .describe('What it applies to: every list that is not empty must hold, and within a list any entry.'),
  timeout: duration(1, 3_600_000)
    .optional()
    .describe('Time for a synchronous delivery in all; 60s when no policy says.'),
  attempt_timeout: duration(1, 3_600_000)
    .optional()
    .describe('Time for one attempt; from what remains when no policy says.'),
  retry: fields({
    attempts: whole(1, 100)
      .optional()
      .describe('Attempts in all, the first included; 3 when no policy says.'),
    initial_delay: duration(0, 300_000)
      .optional()
      .describe('Upper end of the first wait; 200ms when no policy says.'),
    factor: number(1, 10).optional().describe('Growth of the wait; 2 when no policy says.'),
    max_delay: duration(0, 3_600_000)
      .optional()
      .describe('Upper end of the longest wait; 30s when no policy says.'),
    on: z.array(z.enum(retryableReasons)).optional().describe('Reasons that are retried; all when empty.'),
  })
    .optional()
    .describe('When and how often an attempt is repeated, as far as repeat safety allows.'),
  repeat_safety: z
    .enum(repeatSafeties)
    .optional()
    .describe('What delivering a message twice does; from route or kind when no policy says.'),
  repeat_scope: z
    .enum(repeatScopes)
    .optional()
    .describe('Where an unknown outcome may be repeated; SYSTEM when no policy says.'),
  breaker: fields({
    consecutive_failures: whole(0, 10_000)
      .optional()
      .describe('Failures in a row that open it; 0: never by this. 5 when no policy says.'),
    failure_rate: share()
      .optional()
      .describe('Share of failed calls that opens it; 0: never by this. 0.5 when no policy says.'),
    minimum_calls: whole(1, 100_000)
      .optional()
      .describe('Calls within the window before the share counts; 20 when no policy says.'),
    window: duration(1000, 600_000).optional().describe('Window of the share; 60s when no policy says.'),
    open_for: duration(100, 3_600_000)
      .optional()
      .describe('How long it stays open; 60s when no policy says.'),
    half_open_calls: whole(1, 100).optional().describe('Trial calls while half-open; 3 when no policy says.'),
  })
    .optional()
    .describe('When the breaker opens; only in a policy that matches targets alone.'),
  balance: z
    .enum(balanceStrategies)
    .optional()
    .describe(
      'How one of several systems is chosen; LEAST_LOADED when no policy says. Only in a policy that matches targets alone.',
    ),
  panic: z
    .boolean()
    .optional()
    .describe('Whether UNHEALTHY systems are tried when nothing better is left; true when no policy says.'),
}).meta({ title: 'Policy' });

/** A policy once read: durations in ms. */
export type PolicySettings = z.output<typeof policyFile>;
