/**
 * What authors of a plug-in need, and nothing else (docs/plugins.md). It stays compatible within a major version:
 * fields are added, never renamed.
 */
import type { Socket } from 'node:net';

/** What an attempt came to, from evidence; docs/delivery.md tells what the hub does with each. */
export type PluginOutcome =
  /** The target answered. */
  | ({ readonly verdict: 'OK'; readonly reply: PluginReply } & PluginNotes)
  /**
   * REJECTED: a definite no. NOT_EXECUTED: the target says that it did nothing. NOT_REACHED: no byte of the message was
   * given to a connected socket. MAY_HAVE_ACTED: anything else.
   */
  | ({
      readonly verdict: 'REJECTED' | 'NOT_EXECUTED' | 'NOT_REACHED' | 'MAY_HAVE_ACTED';
      /** What the target said, when it said something. */
      readonly reply?: PluginReply;
    } & PluginNotes);

export interface PluginNotes {
  /**
   * One of the hub's reasons (`reset`, `timeout`, `connect_refused`, …). Default: `ok`, `rejected`, `not_executed`,
   * `connect_failed`, `target_error`, by the verdict.
   */
  readonly reason?: string;
  /** The target's own status, at most 64 characters. */
  readonly status?: string;
  /** One line for people; no secret. Cut to 500 characters. */
  readonly detail?: string;
  /** When the target wants to be asked again, ms. */
  readonly retryAfterMs?: number;
}

export interface PluginReply {
  /** At most 3 MiB; a string goes as UTF-8. */
  readonly data: Uint8Array | string;
  /** Default: none. */
  readonly contentType?: string;
  /** Default: none. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** The message that is to be delivered. */
export interface PluginMessage {
  /** The same for every attempt: what a target deduplicates by. */
  readonly id: string;
  /** System that sends; empty when unknown. */
  readonly source: string;
  readonly type: string;
  readonly kind: string;
  readonly priority: string;
  readonly correlationId: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly contentType: string;
  readonly data: Uint8Array;
  /** W3C trace context; may be empty. */
  readonly traceparent: string;
  /** When the sender made it, epoch ms. */
  readonly createTimeMs: number;
}

/** The interface that is spoken to, and what the hub does for the plug-in. */
export interface PluginContact {
  /** The system that the interface belongs to. */
  readonly systemId: string;
  /** Canonical: scheme and host in lower case. */
  readonly uri: string;
  /** As registered; `check` has seen them. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** When it must have ended, epoch ms. The hub ends it then, whatever the plug-in does. */
  readonly deadlineMs: number;
  /**
   * Aborts at the deadline, when the caller goes away, and when the hub shuts down. Its `reason` is an Error that has a
   * `reason` for the outcome: `timeout`, `cancelled` or `reset`.
   */
  readonly signal: AbortSignal;
  /**
   * Opens a socket through the hub's own door for outbound connections, bounded by the deadline. Rejects with an Error
   * that has a `reason` for the outcome NOT_REACHED. Whoever opens a socket destroys it; the hub closes what is left
   * at shutdown.
   */
  connect(target: PluginConnectTarget): Promise<Socket>;
  /** The value behind a reference such as `env:TOKEN`; rejects with an Error that names the reference. */
  secret(ref: string): Promise<string>;
}

export interface PluginConnectTarget {
  readonly host: string;
  readonly port: number;
  /** With TLS: true for the machine's trust, or the `tls` settings of the interface (docs/interfaces.md). Default: without. */
  readonly tls?: boolean | Readonly<Record<string, unknown>>;
  /** With TLS: protocols offered by ALPN; default none. */
  readonly alpn?: readonly string[];
}

/** One attempt to deliver a message. */
export interface PluginRequest extends PluginContact {
  readonly message: PluginMessage;
  /** The route that fits the message's type; undefined when the interface has no routes. */
  readonly route: PluginRoute | undefined;
  /** From 1. */
  readonly attempt: number;
}

export interface PluginRoute {
  /** A type, a prefix (`pets.*`) or `*`. */
  readonly messageType: string;
  readonly operation: Readonly<Record<string, unknown>>;
}

/** What a registration says about one interface. */
export interface PluginDeclaration {
  readonly uri: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly routes: readonly PluginRoute[];
}

/** Something wrong with a registration. */
export interface PluginViolation {
  /** `uri`, `settings.<path>` or `routes[<index>].operation.<path>`. */
  readonly path: string;
  readonly message: string;
}

export interface PluginProbe {
  readonly alive: boolean;
  /** What was seen, one line. */
  readonly detail?: string;
  /** The target's own word that it works, but not well. */
  readonly degraded?: boolean;
}

/** A transport of your own. One object serves all interfaces of its schemes, many calls at once. */
export interface Plugin {
  /** Shown in results and logs: lower-case letters, digits, `-`, `_` and `.`; at most 64. */
  readonly name: string;
  /** URI schemes without `:`, lower case; none that the hub or another plug-in speaks. */
  readonly schemes: readonly string[];
  /** Judges a registration, at once and without I/O. Default: everything is taken. */
  check?(declaration: PluginDeclaration): readonly PluginViolation[];
  /** Delivers one message once. Whatever it throws counts as MAY_HAVE_ACTED. */
  send(request: PluginRequest): Promise<PluginOutcome>;
  /** Asks whether the target is alive. Default: a TCP connection to the URI's port, when it has one. */
  probe?(contact: PluginContact): Promise<PluginProbe>;
  /** Lets go of what is kept for a URI that is no longer registered. */
  forget?(uri: string): void;
  /** Called once at shutdown, with 5 s to finish. */
  close?(): Promise<void>;
}

/** Gives a plug-in its type: `export const transport = definePlugin({…})`. The hub checks it when it loads it. */
export function definePlugin(plugin: Plugin): Plugin {
  return plugin;
}
