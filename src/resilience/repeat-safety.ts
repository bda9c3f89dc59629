import type { MessageKind, RepeatSafety } from '../base/message.ts';

export interface RepeatSafetySources {
  /** What the caller declared with the message. */
  readonly request: RepeatSafety | undefined;
  /** What the effective policy declares. */
  readonly policy: RepeatSafety | undefined;
  /** What the route's operation implies ({@link methodRepeatSafety}); undefined when no route is used. */
  readonly route: RepeatSafety | undefined;
  readonly kind: MessageKind;
}

export interface ResolvedRepeatSafety {
  readonly repeatSafety: RepeatSafety;
  /** Who said so, for the trace and ExplainRoute. */
  readonly from: 'request' | 'policy' | 'route' | 'kind' | 'default';
}

/**
 * The repeat safety of a message in synchronous delivery: from the request, else the policy, else the route, else
 * the kind (QUERY and HEARTBEAT are SAFE), else UNSAFE (contract.md, "Repeat safety").
 */
export function resolveRepeatSafety(sources: RepeatSafetySources): ResolvedRepeatSafety {
  const { request, policy, route, kind } = sources;
  if (request !== undefined) return { repeatSafety: request, from: 'request' };
  if (policy !== undefined) return { repeatSafety: policy, from: 'policy' };
  if (route !== undefined) return { repeatSafety: route, from: 'route' };
  if (kind === 'QUERY' || kind === 'HEARTBEAT') return { repeatSafety: 'SAFE', from: 'kind' };
  return { repeatSafety: 'UNSAFE', from: 'default' };
}

/** What a route's HTTP method promises (RFC 9110, section 9.2): GET, HEAD SAFE; PUT, DELETE IDEMPOTENT; else UNSAFE. */
export function methodRepeatSafety(method: string): RepeatSafety {
  switch (method.toUpperCase()) {
    case 'GET':
    case 'HEAD':
      return 'SAFE';
    case 'PUT':
    case 'DELETE':
      return 'IDEMPOTENT';
    default:
      return 'UNSAFE';
  }
}
