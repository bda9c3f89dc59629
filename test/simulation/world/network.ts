import type { Clock } from '../../../src/base/clock.ts';
import type { Message } from '../../../src/base/message.ts';
import {
  type AttemptResult,
  type Endpoint,
  type ProbeResult,
  type Protocol,
  protocols,
  type SendOptions,
  type Transport,
} from '../../../src/base/transport.ts';
import { methodRepeatSafety } from '../../../src/resilience/repeat-safety.ts';
import type { Draws } from '../draws.ts';
import { type AttemptRecord, attemptText, type Ledger } from '../ledger.ts';
import { exchange, type Link, type LinkCondition, oneWayMs, wellLink } from './exchange.ts';
import { grpcWire } from './grpc-wire.ts';
import { httpWire } from './http-wire.ts';
import type { TargetProcess } from './target.ts';
import type { Wire } from './wire.ts';

/** Who hears of attempts, in order. */
export interface AttemptObserver {
  started(attempt: AttemptRecord): void;
  ended(attempt: AttemptRecord): void;
}

export interface NetworkOptions {
  readonly clock: Clock;
  readonly draws: Draws;
  readonly ledger: Ledger;
  readonly observer: AttemptObserver;
  readonly log: (text: string) => void;
  readonly onFault: (what: string) => void;
}

/** A process that the network carries for. */
export interface Peer {
  readonly number: number;
  readonly alive: boolean;
}

/** The network between hubs and targets: addresses, who listens at each, and how the way there is. */
export class Network {
  readonly #options: NetworkOptions;
  readonly #listeners = new Map<string, TargetProcess>();
  readonly #conditions = new Map<string, LinkCondition>();

  constructor(options: NetworkOptions) {
    this.#options = options;
  }

  listen(uri: string, process: TargetProcess): void {
    this.#listeners.set(uri, process);
  }

  /** Nobody listens at an address any more. */
  leave(uri: string): void {
    this.#listeners.delete(uri);
  }

  /** How the way to an address is; may be changed. */
  conditionOf(uri: string): LinkCondition {
    let condition = this.#conditions.get(uri);
    if (condition === undefined) {
      condition = { ...wellLink };
      this.#conditions.set(uri, condition);
    }
    return condition;
  }

  /** The network as one hub uses it. Once that is dead it hears nothing more. */
  transportsFor(hub: Peer): Readonly<Record<Protocol, Transport>> {
    const links = new Map<string, Link>();
    const transport = (wire: Wire): Transport => ({
      protocol: wire.protocol,
      schemes: [],
      checkEndpoint: () => [],
      routeRepeatSafety: ({ method }) =>
        typeof method === 'string' ? methodRepeatSafety(method) : undefined,
      send: (endpoint, message, options) =>
        this.#send({ hub, wire, link: this.#link(links, endpoint.uri, wire) }, endpoint, message, options),
      probe: (endpoint, options) =>
        this.#probe({ hub, link: this.#link(links, endpoint.uri, wire) }, endpoint, options),
      forget: (uri) => void links.delete(uri),
      close: async () => undefined,
    });
    const http = transport(httpWire);
    const grpc = transport(grpcWire);
    return Object.fromEntries(
      protocols.map((protocol) => [protocol, protocol === 'GRPC' ? grpc : http]),
    ) as Record<Protocol, Transport>;
  }

  #link(links: Map<string, Link>, uri: string, { hasStreams }: Wire): Link {
    let link = links.get(uri);
    if (link === undefined) {
      const { clock, draws, onFault } = this.#options;
      link = {
        clock,
        draws,
        condition: this.conditionOf(uri),
        hasStreams,
        listener: () => this.#listeners.get(uri),
        onFault,
        connection: undefined,
      };
      links.set(uri, link);
    }
    return link;
  }

  async #send(
    { hub, wire, link }: { readonly hub: Peer; readonly wire: Wire; readonly link: Link },
    endpoint: Endpoint,
    message: Message,
    options: SendOptions,
  ): Promise<AttemptResult> {
    const { clock, ledger, observer, log } = this.#options;
    const attempt: AttemptRecord = {
      message: ledger.get(message.id),
      ordinal: ledger.attempts + 1,
      hub: hub.number,
      endpoint,
      number: options.attempt,
      startMs: clock.now(),
      attemptDeadlineMs: options.attemptDeadlineMs,
      deadlineMs: options.deadlineMs,
      result: undefined,
      underWay: true,
    };
    log(`attempt ${attemptText(attempt)} for ${(options.attemptDeadlineMs - clock.now()).toFixed(1)} ms`);
    ledger.started(attempt);
    observer.started(attempt);
    const ending = await exchange(link, attempt, options.signal);
    if (!hub.alive) return new Promise(() => undefined);
    const result = wire.resultOf(ending, { shown: endpoint.uri, nowMs: clock.now() });
    log(`ended ${attemptText(attempt)} ${result.verdict} ${result.reason} ${result.status}`);
    ledger.ended(attempt, result);
    observer.ended(attempt);
    return result;
  }

  #probe(
    { hub, link }: { readonly hub: Peer; readonly link: Link },
    endpoint: Endpoint,
    { deadlineMs, signal }: { deadlineMs: number; signal: AbortSignal },
  ): Promise<ProbeResult> {
    const { clock, draws, log } = this.#options;
    const startMs = clock.now();
    return new Promise((resolve) => {
      let ended = false;
      const settle = (alive: boolean, detail: string): void => {
        if (ended || !hub.alive) return;
        ended = true;
        timer.cancel();
        log(`probe ${endpoint.systemId}/${endpoint.interface} ${detail}`);
        resolve({ alive, latencyMs: clock.now() - startMs, detail });
      };
      const timer = clock.after(deadlineMs - startMs, () => settle(false, 'no answer in time'));
      signal.addEventListener('abort', () => settle(false, 'aborted'), { once: true });
      clock.after(oneWayMs(link) + oneWayMs(link), () => {
        const { cutOff, unreachable, lostRequest, lostAnswer } = link.condition;
        if (cutOff || draws.chance(lostRequest + lostAnswer)) return;
        const listener = this.#listeners.get(endpoint.uri);
        if (unreachable !== undefined) settle(false, unreachable);
        else if (listener === undefined) settle(false, 'connection refused');
        else if (listener.healthy !== undefined)
          settle(listener.healthy, listener.healthy ? 'well' : 'HTTP 500');
      });
    });
  }
}
