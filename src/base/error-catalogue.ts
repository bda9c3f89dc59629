/** Names of the gRPC status codes that the hub answers with. */
export type StatusCode =
  | 'CANCELLED'
  | 'UNKNOWN'
  | 'INVALID_ARGUMENT'
  | 'DEADLINE_EXCEEDED'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'PERMISSION_DENIED'
  | 'RESOURCE_EXHAUSTED'
  | 'FAILED_PRECONDITION'
  | 'ABORTED'
  | 'UNIMPLEMENTED'
  | 'INTERNAL'
  | 'UNAVAILABLE'
  | 'UNAUTHENTICATED';

export interface ErrorDescription {
  readonly code: StatusCode;
  /** What happened, for the person who looks the reason up. */
  readonly meaning: string;
  /** What to do about it. */
  readonly remedy: string;
}

/** Every reason for which the hub refuses or fails a call. `docs/errors.md` explains the same set; a test holds both together. */
export const errorCatalogue = {
  INVALID_FIELD: {
    code: 'INVALID_ARGUMENT',
    meaning: 'One or more fields of the request are not allowed. The details list every violation at once.',
    remedy:
      'Correct the fields that the BadRequest detail names; each says what was found and what is allowed.',
  },
  BAD_CURSOR: {
    code: 'INVALID_ARGUMENT',
    meaning: 'A page_token or position is not one that this hub gave, or it belongs to another request.',
    remedy: 'Start again without a token, and keep every other field of the request the same between pages.',
  },
  SYSTEM_NOT_FOUND: {
    code: 'NOT_FOUND',
    meaning: 'No system is registered under that id.',
    remedy: 'List the systems (`switchyard systems list`), check the spelling, or register it.',
  },
  DELIVERY_NOT_FOUND: {
    code: 'NOT_FOUND',
    meaning:
      'No delivery is known under that id. Synchronous deliveries are kept in a bounded memory ring; old ones make room for new ones, and a restart empties it.',
    remedy: 'Look sooner after the call, or read the delivery in the answer of SendMessage.',
  },
  BREAKER_NOT_FOUND: {
    code: 'NOT_FOUND',
    meaning: 'The system has no interface of that name, or the message type has no breaker of its own there.',
    remedy: 'List the breakers (`switchyard breakers`) or the interfaces (`switchyard systems get ID`).',
  },
  POLICY_NOT_FOUND: {
    code: 'NOT_FOUND',
    meaning:
      'No policy of that name is in force, neither of the configuration nor of a catalog, nor was one put.',
    remedy: 'List the policies (`switchyard policies`) and check the spelling.',
  },
  POLICY_OWNED: {
    code: 'FAILED_PRECONDITION',
    meaning:
      'The configuration or a catalog has a policy of that name, so it cannot be put or deleted by a call.',
    remedy:
      'Change the configuration or the catalog that the details name, or give your policy another name: a more specific match wins over it.',
  },
  POLICY_LIMIT: {
    code: 'RESOURCE_EXHAUSTED',
    meaning: 'As many policies were put as the hub keeps.',
    remedy:
      'Delete policies that are no longer needed, or join those that say the same in one with a longer match.',
  },
  KEY_NOT_FOUND: {
    code: 'NOT_FOUND',
    meaning: 'No API key has that prefix, or it ended more than 30 days ago.',
    remedy: 'List the keys (`switchyard keys list`) and check the prefix.',
  },
  SYSTEM_EXISTS: {
    code: 'ALREADY_EXISTS',
    meaning: 'if_absent was set and a system with that id is registered already.',
    remedy: 'Choose another id, or register without if_absent to replace it.',
  },
  ETAG_MISMATCH: {
    code: 'ABORTED',
    meaning: 'The resource changed since the etag was read. Nothing was written.',
    remedy: 'Read it again, repeat the change on what is there now, and send the new etag.',
  },
  LEASE_LOST: {
    code: 'ABORTED',
    meaning: 'The registration_id names an incarnation that has been replaced, or whose lease ran out.',
    remedy: 'Register again if this process should serve; otherwise stop: a newer one has taken over.',
  },
  NO_ROUTE: {
    code: 'FAILED_PRECONDITION',
    meaning:
      'Nobody has that type or capability, or none of its systems has an interface that the hub can use.',
    remedy:
      'Ask ExplainRoute (`switchyard explain`) for every candidate and why it is out; register a provider.',
  },
  TARGET_REJECTED: {
    code: 'FAILED_PRECONDITION',
    meaning:
      'The target gave a definite no (HTTP 4xx or a definite gRPC refusal). It did not act. Repeating the same message gives the same answer.',
    remedy:
      'Read http_status or grpc_code and the body in the metadata; correct the message. Set return_rejections to get such answers as replies.',
  },
  NO_HEALTHY_SYSTEM: {
    code: 'UNAVAILABLE',
    meaning:
      'Every candidate is failed, disconnected or otherwise out of rotation, or says itself that it did not execute the message. Nothing was executed.',
    remedy: 'Look at `switchyard health`; bring a system of the type back, or register another.',
  },
  BREAKER_OPEN: {
    code: 'UNAVAILABLE',
    meaning:
      'The circuit breaker of every usable interface is open, after repeated failures or because somebody tripped it. Nothing was executed.',
    remedy:
      'Wait for RetryInfo; without it somebody keeps the breaker open without end. See `switchyard breakers` for the cause; reset the breaker once the cause is gone.',
  },
  CONNECT_FAILED: {
    code: 'UNAVAILABLE',
    meaning:
      'No attempt reached a target: its name, connection or TLS failed each time. Nothing was executed.',
    remedy: 'Check that the system listens where its interface says, and that the hub can reach it.',
  },
  MAPPING_FAILED: {
    code: 'FAILED_PRECONDITION',
    meaning:
      "The message does not fit the mapping of the route that it would take (a path without its value, an expression that fails, a payload that the target's schema refuses). Nothing was sent.",
    remedy: 'The text names the field or the expression: correct the message, or the route in the catalog.',
  },
  INTERFACE_MISCONFIGURED: {
    code: 'FAILED_PRECONDITION',
    meaning:
      'What the interface needs cannot be used: a secret that cannot be read, a certificate that does not fit its key, a descriptor without the method. Nothing was sent.',
    remedy: 'The text names it: correct the interface or what it refers to; no restart is needed.',
  },
  HUB_DRAINING: {
    code: 'UNAVAILABLE',
    meaning: 'The hub is shutting down and takes no new calls. Nothing was executed.',
    remedy: 'Retry: a restarted hub or another one will answer.',
  },
  STORE_UNAVAILABLE: {
    code: 'UNAVAILABLE',
    meaning:
      'The store cannot read or write durably: disk full, read-only or damaged. Nothing was acknowledged.',
    remedy:
      'Read the cause in the text and the log; free space or mend the disk. The hub recovers by itself when the store does.',
  },
  TARGET_TIMEOUT: {
    code: 'DEADLINE_EXCEEDED',
    meaning:
      'Time ran out before the target answered, and the message is repeatable, so asking again is fine.',
    remedy:
      'Ask again, with a longer timeout if the target is known to be slow; see the delivery trace for where time went.',
  },
  MESSAGE_EXPIRED: {
    code: 'DEADLINE_EXCEEDED',
    meaning:
      'The deadline or the ttl of the message passed before an attempt could start. Nothing was executed.',
    remedy: 'Send it again with a longer timeout or ttl.',
  },
  DEADLINE_EXCEEDED: {
    code: 'DEADLINE_EXCEEDED',
    meaning:
      "The caller's deadline passed before the hub had an answer, or the request did not arrive whole in time.",
    remedy: 'Ask again with a longer deadline; where the call writes, look first whether it was done.',
  },
  OUTCOME_UNKNOWN: {
    code: 'UNKNOWN',
    meaning:
      'The target may or may not have acted: it timed out, broke off or failed midway, and the message is not safe to repeat, so the hub did not.',
    remedy:
      'Find out at the target whether it acted (look for the message id), then decide. If repeating is harmless, declare repeat_safety so that the hub may retry.',
  },
  TARGET_FAILED: {
    code: 'INTERNAL',
    meaning:
      'The target failed at every attempt (5xx, reset or an error code), and the message is repeatable.',
    remedy:
      "Look at the target's own log; the trace holds the status and the beginning of the body of each attempt.",
  },
  BAD_REPLY: {
    code: 'INTERNAL',
    meaning: 'The target answered with something that is not a reply in the protocol of its interface.',
    remedy: 'Check that the interface names the right protocol, port and path.',
  },
  INTERNAL: {
    code: 'INTERNAL',
    meaning: 'A defect in the hub. The log has the details under the same error_id.',
    remedy: 'Report it with the log line.',
  },
  RATE_LIMITED: {
    code: 'RESOURCE_EXHAUSTED',
    meaning:
      'The target asked to be called less often (429 or its like) at every attempt, or a rate of a policy refused the message; then the details name the policy, the limit and its value. Nothing was executed.',
    remedy: 'Wait for RetryInfo, and send more slowly; or raise the rate in the policy that is named.',
  },
  CONCURRENCY_LIMITED: {
    code: 'RESOURCE_EXHAUSTED',
    meaning:
      'As many calls as the limit in the text allows are in flight, in all, from this watcher or connection, or to the target by its policy. Nothing was executed.',
    remedy: 'Retry with backoff, or raise the limit that the text names.',
  },
  SLOW_READER: {
    code: 'RESOURCE_EXHAUSTED',
    meaning: 'A watcher read nothing for 60 s while changes were waiting, so its stream was ended.',
    remedy: 'Read the stream without pause; open it again with the last resume token.',
  },
  PAYLOAD_TOO_LARGE: {
    code: 'RESOURCE_EXHAUSTED',
    meaning: 'The payload is larger than the limit in the text.',
    remedy: 'Send less at once, or put the data elsewhere and send a reference to it.',
  },
  REPLY_TOO_LARGE: {
    code: 'RESOURCE_EXHAUSTED',
    meaning: "The target's reply is larger than the limit in the text; it was cut off. The target acted.",
    remedy: 'Ask the target for less at once (pages, fewer fields).',
  },
  REGISTRY_FULL: {
    code: 'RESOURCE_EXHAUSTED',
    meaning:
      'There are as many systems as the limit in the text allows, or a catalog would bring more systems, policies, descriptor sets or catalogs than may be. Nothing was written.',
    remedy:
      'Deregister systems that are gone, register short-lived ones with a lease so that they go by themselves, prune catalogs, or raise the limit.',
  },
  KEY_LIMIT: {
    code: 'RESOURCE_EXHAUSTED',
    meaning:
      'Two keys of that name are live already, the one in use and the one that replaces it; or the hub holds as many keys as it may. No key was made.',
    remedy: 'Revoke the older key first (`switchyard keys revoke PREFIX`).',
  },
  ANSWER_TOO_LARGE: {
    code: 'RESOURCE_EXHAUSTED',
    meaning:
      'The answer is not paged and would be larger than the limit in the text, more than a client takes.',
    remedy: 'Ask for less at once: direct dependencies instead of transitive ones, or a narrower target.',
  },
  LOOP_DETECTED: {
    code: 'ABORTED',
    meaning: 'The message has passed more than 16 hubs: two hubs send it to each other.',
    remedy: 'Look at the interfaces along the way for one that points back to a hub.',
  },
  CANCELLED: {
    code: 'CANCELLED',
    meaning: 'The caller cancelled the call.',
    remedy: 'Nothing to do, unless the caller did not mean to.',
  },
  NEEDS_HTTP2: {
    code: 'UNIMPLEMENTED',
    meaning: 'This call needs HTTP/2 (a stream in both directions), and the connection is HTTP/1.1.',
    remedy: 'Use a gRPC client, or Connect over HTTP/2.',
  },
  NOT_IMPLEMENTED: {
    code: 'UNIMPLEMENTED',
    meaning:
      'The hub has no such method, or does not take the call in this form (HTTP method, content type, compression).',
    remedy: 'List the services (`grpcurl -plaintext HOST:PORT list`); the text names the forms that work.',
  },
  UNAUTHENTICATED: {
    code: 'UNAUTHENTICATED',
    meaning:
      'The caller did not show who it is, or showed a key or certificate that is not valid, has expired or was revoked.',
    remedy:
      'Show an API key (`authorization: Bearer sw_…`, for the command line `--token` or SWITCHYARD_TOKEN) or a client certificate; an admin makes keys with `switchyard keys create`.',
  },
  PERMISSION_DENIED: {
    code: 'PERMISSION_DENIED',
    meaning:
      'The caller may not do this. The text names the rule: the role that the call needs, a system that the caller may not act as, or a Host or Origin that is not allowed.',
    remedy: 'Use another principal (`switchyard whoami` shows the one in use), or have the rule changed.',
  },
} as const satisfies Record<string, ErrorDescription>;

export type ErrorReason = keyof typeof errorCatalogue;

export const errorReasons = Object.keys(errorCatalogue) as readonly ErrorReason[];
