import type { AttemptReason } from '../base/transport.ts';

/** Something that a person may look up. */
export interface ReasonText {
  readonly meaning: string;
  readonly remedy: string;
}

/** Reasons that the command line gives by itself: no hub has said them. */
export const cliReasons = {
  USAGE: {
    meaning: 'The command was called in a way that it does not understand. Nothing was sent. Exit code 2.',
    remedy: 'Read the message, and the command with --help.',
  },
  HUB_UNREACHABLE: {
    meaning:
      'No hub answered: nobody listens there, its name is not known, something else answers, or it was too slow. Exit code 3.',
    remedy:
      'Check the address (--hub, SWITCHYARD_HUB, `switchyard contexts show`), and that the hub runs (`switchyard serve`); a slow one gets more time with --timeout.',
  },
  HUB_TLS_FAILED: {
    meaning:
      'Something answers, but no trusted encrypted connection came about: a certificate that is not trusted, has expired or is for another name, or https spoken to a plain port or the other way round. Exit code 3.',
    remedy:
      'Write https:// or http:// as the hub does; name the authority of its certificate with --ca FILE; where it asks for one, give a client certificate with --cert and --key.',
  },
  FAILED: {
    meaning: 'Something went wrong on this side; the message says what. Exit code 1.',
    remedy: 'Read the message.',
  },
} as const satisfies Record<string, ReasonText>;

/** Why an attempt ended as it did, as it stands in the trace of a delivery (`send --trace`) and in metrics. */
export const attemptReasonTexts: Readonly<Record<AttemptReason, ReasonText>> = {
  ok: { meaning: 'The target answered.', remedy: 'Nothing.' },
  name_not_resolved: {
    meaning: "The host name of the interface's URI is not known. Nothing was sent.",
    remedy: 'Correct the URI (`switchyard systems get ID`), or the name service of the machine of the hub.',
  },
  connect_refused: {
    meaning: 'Nobody listens at the address. Nothing was sent.',
    remedy: 'Start the system, or correct the port in its URI.',
  },
  connect_failed: {
    meaning: 'The network refused the connection: no route, or it broke off at once. Nothing was sent.',
    remedy: 'Check that the machine of the hub reaches the address; look at the detail of the attempt.',
  },
  connect_timeout: {
    meaning: 'The address did not answer in time. Nothing was sent.',
    remedy: 'Check firewalls and the address; a host that is off does not answer either.',
  },
  tls_failed: {
    meaning: 'The encrypted connection did not come about. Nothing was sent.',
    remedy:
      'Check the certificate of the target and the tls settings of the interface; the detail says which side refused.',
  },
  refused_stream: {
    meaning: 'The target refused the HTTP/2 stream before it did anything.',
    remedy: 'Nothing: it is tried again. Often: the target takes fewer calls at a time.',
  },
  goaway: {
    meaning: 'The target was closing the connection and did not process this call.',
    remedy: 'Nothing: it is tried again over a new connection.',
  },
  not_executed: {
    meaning: 'The target says that it did not execute the message.',
    remedy: 'Look at its own log; it is tried elsewhere or later.',
  },
  rate_limited: {
    meaning: 'The target takes no more at the moment (HTTP 429, RESOURCE_EXHAUSTED). It did nothing.',
    remedy: 'Send less, or ask its owner for a higher limit; the hub waits as long as the target says.',
  },
  rejected: {
    meaning: 'The target gave a definite no (HTTP 4xx or a definite gRPC refusal).',
    remedy: 'Correct the message; the status and body say what is wrong.',
  },
  timeout: {
    meaning: 'No answer came in the time of the attempt; the target may have acted.',
    remedy: 'Give more with --timeout or the policy; look at how slow the target is (`switchyard health`).',
  },
  reset: {
    meaning: 'The connection broke while the target was at work; it may have acted.',
    remedy: 'Look whether the target crashed or was restarted.',
  },
  target_error: {
    meaning: 'The target failed (HTTP 500, INTERNAL and the like); it may have acted.',
    remedy: "Look at the target's own log.",
  },
  unavailable: {
    meaning: 'The target or something before it says that it is not available; it may have acted.',
    remedy: 'Look at the target and at proxies before it.',
  },
  garbage: {
    meaning: 'What came back is not an answer of the protocol; the target may have acted.',
    remedy: 'Check that the URI leads to what the interface says: protocol, port, path.',
  },
  bad_reply: {
    meaning: "The target acted and answered, but the answer does not fit the route's mapping.",
    remedy: "Correct the mapping of the reply in the interface's route; the detail names what did not fit.",
  },
  reply_too_large: {
    meaning: 'The answer is larger than the hub takes; the target acted.',
    remedy: 'Ask the target for less at a time (docs/limits.md has the limit).',
  },
  cancelled: {
    meaning: 'The caller went away or the hub is shutting down; the target may have acted.',
    remedy: 'Nothing, unless nobody went away: then look at the deadline of the caller.',
  },
  mapping_failed: {
    meaning: 'The message does not fit the mapping of the route that it would take. Nothing was sent.',
    remedy: 'Correct the message or the mapping; the detail names the value.',
  },
  misconfigured: {
    meaning: 'A secret, certificate or descriptor that the interface needs cannot be used. Nothing was sent.',
    remedy: 'Correct what the detail names, on the machine of the hub.',
  },
  breaker_open: {
    meaning: 'The circuit breaker of the interface is open. Nothing was sent.',
    remedy: 'Look at `switchyard breakers` for the cause; it closes by itself when trial calls go well.',
  },
  concurrency_limited: {
    meaning: 'As many calls as allowed are under way. Nothing was sent.',
    remedy: 'Send fewer at a time, or add systems of the type.',
  },
  hub_rate_limited: {
    meaning: 'A rate limit of the hub for this target refused the attempt; nothing was sent.',
    remedy: 'Send less often, or raise `limits.target_rate` of the policy that the details name.',
  },
};
