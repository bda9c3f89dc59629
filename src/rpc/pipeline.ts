import type { DescMethod, DescService, Message, MessageInitShape } from '@bufbuild/protobuf';
import type { ZodType } from 'zod';
import type { Clock, Timer } from '../base/clock.ts';
import { errorCatalogue } from '../base/error-catalogue.ts';
import { HubError, invalidFields } from '../base/error.ts';
import type { Caller } from '../security/authenticator.ts';
import type { Principal } from '../security/principal.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { AccessControl } from './access-control.ts';
import type { CallContext } from './call.ts';
import { hubErrorFrom } from './error-mapping.ts';
import { violationsOf } from './validation.ts';

/** Any {@link ServiceDefinition}, whatever its service: what adapters and the pipeline work with. */
export interface AnyServiceDefinition {
  readonly service: DescService;
  readonly schemas: Readonly<Record<string, ZodType>>;
  readonly handlers: Readonly<Record<string, unknown>>;
}

export interface PipelineLimits {
  /** Unary calls at the same time, in all; default 1,000. One more is CONCURRENCY_LIMITED. */
  readonly unaryMax: number;
  /** Streams (watchers) at the same time, in all; default 10,000. One more is CONCURRENCY_LIMITED. */
  readonly streamsMax: number;
  /**
   * Of the unary calls, those of callers that are not known (grpc.health.v1 of `""`); default 100: who has no key must not
   * take the places of those who do. One more is CONCURRENCY_LIMITED.
   */
  readonly strangersMax: number;
  /** Time in which the request of a unary or server-streaming call must have arrived whole; default 30 s. */
  readonly requestArrivalMs: number;
}

export const pipelineLimits: PipelineLimits = {
  unaryMax: 1000,
  streamsMax: 10_000,
  strangersMax: 100,
  requestArrivalMs: 30_000,
};

/** A call as an adapter hands it over, when its headers are there and its body is not. */
export interface IncomingCall {
  readonly method: DescMethod;
  readonly caller: Caller;
  /** From now, as the caller said; undefined for none. */
  readonly timeoutMs: number | undefined;
  /** Aborts when the caller went away. */
  readonly callerSignal: AbortSignal;
  /** A request header by its lower-case name. */
  readonly header: (name: string) => string | undefined;
  /** Cuts the response off although it is not read. */
  readonly terminate: (error: HubError) => void;
}

/** One admitted call. The adapter must call `close` when the response is finished or gone. */
export interface Call {
  /** Aborts with a HubError as its reason: see {@link CallContext.signal}. Also when the request does not arrive in time. */
  readonly signal: AbortSignal;
  /** Whether the handler was begun. */
  readonly begun: boolean;
  /** Validates and runs a unary or client-streaming method. Throws HubErrors only. */
  unary(request: Message | AsyncIterable<Message>): Promise<MessageInitShape<DescMethod['output']>>;
  /** Validates and runs a server- or bidi-streaming method. Throws HubErrors only. */
  stream(
    request: Message | AsyncIterable<Message>,
  ): AsyncGenerator<MessageInitShape<DescMethod['output']>, void, undefined>;
  /** Notes and returns the error that the call ends with: also for what went wrong outside the handler. */
  fail(thrown: unknown): HubError;
  close(): void;
}

/** The way of every call, whatever protocol it came by: access → admit → deadline → validate → access → handler → errors, measured. */
export interface Pipeline {
  /** Admits a call, or throws UNAUTHENTICATED, PERMISSION_DENIED, HUB_DRAINING, CONCURRENCY_LIMITED. */
  open(incoming: IncomingCall): Call;
  /** From now on new calls are HUB_DRAINING and open streams end with it. Unary calls finish. */
  drain(): void;
  /**
   * Tells the handlers of unary calls in flight to end with what they know: for the last moment of a shutdown, so that
   * their callers hear an outcome instead of a cut connection.
   */
  hurry(): void;
  /** Changes limits for calls from now on; those that are open go on. */
  configure(limits: Partial<PipelineLimits>): void;
  /** Ends the open streams of principals that `concerns` says; their unary calls finish. */
  endStreams(concerns: (principal: Principal) => boolean, error: HubError): void;
  readonly unaryInFlight: number;
  readonly streamsOpen: number;
}

export interface PipelineOptions {
  readonly services: readonly AnyServiceDefinition[];
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly access: AccessControl;
  readonly limits?: Partial<PipelineLimits>;
}

type AnyHandler = (request: unknown, context: CallContext) => unknown;

export function createPipeline(options: PipelineOptions): Pipeline {
  let limits = { ...pipelineLimits, ...options.limits };
  const routes = new Map<DescMethod, { handler: AnyHandler; rules: ZodType | undefined }>();
  for (const { service, schemas, handlers } of options.services) {
    for (const method of service.methods) {
      const handler = handlers[method.localName] as AnyHandler | undefined;
      if (handler === undefined) continue;
      routes.set(method, { handler, rules: schemas[method.localName] });
    }
  }
  const open = { unary: new Set<OpenCall>(), streams: new Set<OpenCall>() };
  let strangers = 0;
  let draining: HubError | undefined;

  return {
    configure(changed) {
      limits = { ...limits, ...changed };
    },
    open(incoming) {
      const { method } = incoming;
      const route = routes.get(method);
      if (draining !== undefined) throw draining;
      if (route === undefined) throw notImplemented(method);
      // Before the bound: who may not call must not take places.
      const principal = options.access.admit(method, incoming.caller);
      const stream = isStream(method);
      const [current, max, setting] = stream
        ? [open.streams.size, limits.streamsMax, 'server.max_watches']
        : [open.unary.size, limits.unaryMax, 'server.max_concurrent_calls'];
      if (current >= max) throw concurrencyLimited(max, setting);
      const stranger = incoming.caller.principal === undefined;
      if (stranger && strangers >= limits.strangersMax)
        throw concurrencyLimited(limits.strangersMax, 'calls without credentials');
      const call: OpenCall = new OpenCall({
        ...options,
        ...route,
        incoming,
        principal,
        requestArrivalMs: limits.requestArrivalMs,
        onReleased: () => {
          (stream ? open.streams : open.unary).delete(call);
          if (stranger) strangers -= 1;
        },
      });
      if (stranger) strangers += 1;
      (stream ? open.streams : open.unary).add(call);
      return call;
    },
    drain() {
      draining = new HubError({
        reason: 'HUB_DRAINING',
        message:
          'The hub is shutting down and takes no new calls; retry, a restarted hub or another one will answer.',
        retryAfterMs: 1000,
        executed: 'no',
      });
      const ended = new HubError({
        reason: 'HUB_DRAINING',
        message: 'The hub is shutting down and ends open streams; open it again with the last resume token.',
        retryAfterMs: 1000,
      });
      for (const call of open.streams) call.abort(ended);
    },
    hurry() {
      for (const call of open.unary) call.hurry();
    },
    endStreams(concerns, error) {
      for (const call of open.streams) if (concerns(call.principal)) call.abort(error);
    },
    get unaryInFlight() {
      return open.unary.size;
    },
    get streamsOpen() {
      return open.streams.size;
    },
  };
}

/** Whether the answer is a stream. */
export function isStream(method: DescMethod): boolean {
  return method.methodKind === 'server_streaming' || method.methodKind === 'bidi_streaming';
}

interface OpenCallInit {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly handler: AnyHandler;
  readonly rules: ZodType | undefined;
  readonly access: AccessControl;
  readonly incoming: IncomingCall;
  readonly principal: Principal;
  readonly requestArrivalMs: number;
  readonly onReleased: () => unknown;
}

class OpenCall implements Call {
  readonly #init: OpenCallInit;
  readonly #labels: { service: string; method: string; stream: boolean };
  /** Ends the call. */
  readonly #abort = new AbortController();
  /** Tells the handler to end; whenever the call ends, and by {@link hurry}. */
  readonly #work = new AbortController();
  readonly #startMs: number;
  readonly #deadlineMs: number;
  readonly #deadlineTimer: Timer | undefined;
  readonly #arrivalTimer: Timer | undefined;
  readonly #onCallerGone: () => void;
  /** What still holds the slot: the response, and a handler that was begun and has not ended. */
  #holders = 1;
  #code: string | undefined;
  #closed = false;
  begun = false;

  constructor(init: OpenCallInit) {
    this.#init = init;
    const { clock, metrics, incoming, requestArrivalMs } = init;
    const { method, timeoutMs, callerSignal } = incoming;
    this.#labels = { service: method.parent.typeName, method: method.name, stream: isStream(method) };
    this.#startMs = clock.monotonic();
    metrics.callStarted(this.#labels);

    this.#deadlineMs = timeoutMs === undefined ? Infinity : clock.now() + timeoutMs;
    if (timeoutMs !== undefined) {
      this.#deadlineTimer = clock.after(timeoutMs, () => this.abort(deadlineExceeded(timeoutMs)));
    }
    // Streams of requests may take as long as they like; their bound is the number of streams.
    if (method.methodKind === 'unary' || method.methodKind === 'server_streaming') {
      this.#arrivalTimer = clock.after(requestArrivalMs, () => this.abort(arrivedTooLate(requestArrivalMs)));
    }
    this.#onCallerGone = () => this.abort(callerGone());
    if (callerSignal.aborted) this.abort(callerGone());
    else callerSignal.addEventListener('abort', this.#onCallerGone, { once: true });
  }

  get principal(): Principal {
    return this.#init.principal;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  abort(reason: HubError): void {
    if (!this.#abort.signal.aborted) this.#abort.abort(reason);
    if (!this.#work.signal.aborted) this.#work.abort(reason);
  }

  hurry(): void {
    if (!this.#work.signal.aborted) this.#work.abort(callerGone());
  }

  async unary(request: Message | AsyncIterable<Message>): Promise<MessageInitShape<DescMethod['output']>> {
    try {
      const work = this.#begin(request) as Promise<MessageInitShape<DescMethod['output']>>;
      this.#holdUntil(work);
      const response = await orAborted(work, this.signal);
      this.#code ??= 'OK';
      return response;
    } catch (error) {
      throw this.fail(error);
    }
  }

  async *stream(
    request: Message | AsyncIterable<Message>,
  ): AsyncGenerator<MessageInitShape<DescMethod['output']>, void, undefined> {
    let responses: AsyncIterator<MessageInitShape<DescMethod['output']>> | undefined;
    try {
      responses = (this.#begin(request) as AsyncIterable<MessageInitShape<DescMethod['output']>>)[
        Symbol.asyncIterator
      ]();
      for (;;) {
        const next = await orAborted(responses.next(), this.signal);
        if (next.done === true) break;
        yield next.value;
      }
      this.#code ??= 'OK';
    } catch (error) {
      throw this.fail(error);
    } finally {
      // Not awaited: a handler that does not end holds its slot, not the response.
      if (responses?.return !== undefined) this.#holdUntil(responses.return());
    }
  }

  fail(thrown: unknown): HubError {
    const { service, method } = this.#labels;
    // When the caller is gone, whatever breaks on the way to it says only that.
    const cause =
      this.#init.incoming.callerSignal.aborted && !(thrown instanceof HubError) ? callerGone() : thrown;
    const error = hubErrorFrom(cause, this.#init.logger, `${service}/${method}`);
    this.#code ??= errorCatalogue[error.reason].code;
    return error;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#deadlineTimer?.cancel();
    this.#arrivalTimer?.cancel();
    this.#init.incoming.callerSignal.removeEventListener('abort', this.#onCallerGone);
    // Whoever still works for this call may stop.
    if (this.#holders > 1) this.abort(callerGone());
    const latencyMs = this.#init.clock.monotonic() - this.#startMs;
    this.#init.metrics.callEnded({ ...this.#labels, code: this.#code ?? 'CANCELLED', latencyMs });
    this.#release();
  }

  #begin(request: Message | AsyncIterable<Message>): unknown {
    const { handler, rules, incoming, access, principal } = this.#init;
    this.#arrivalTimer?.cancel();
    this.begun = true;
    if (this.signal.aborted) throw this.signal.reason as HubError;
    const { input } = incoming.method;
    const check = (message: Message): Message => {
      const violations = rules === undefined ? [] : violationsOf(input, rules, message);
      if (violations.length > 0) throw invalidFields(violations);
      access.authorize(incoming.method, incoming.caller, message);
      return message;
    };
    const context: CallContext = {
      principal,
      deadlineMs: this.#deadlineMs,
      signal: this.#work.signal,
      header: incoming.header,
      terminate: (error) => {
        this.abort(this.fail(error));
        incoming.terminate(error);
      },
    };
    return handler(isIterable(request) ? checkedEach(request, check) : check(request), context);
  }

  #holdUntil(work: Promise<unknown>): void {
    this.#holders += 1;
    const release = (): void => this.#release();
    work.then(release, release);
  }

  #release(): void {
    this.#holders -= 1;
    if (this.#holders === 0) this.#init.onReleased();
  }
}

async function* checkedEach(
  messages: AsyncIterable<Message>,
  check: (message: Message) => Message,
): AsyncGenerator<Message, void, undefined> {
  for await (const message of messages) yield check(message);
}

function isIterable(request: Message | AsyncIterable<Message>): request is AsyncIterable<Message> {
  return Symbol.asyncIterator in request;
}

/** The work's result, or the signal's reason when it aborts first; the work itself goes on. */
function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as HubError);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

function notImplemented(method: DescMethod): HubError {
  return new HubError({
    reason: 'NOT_IMPLEMENTED',
    message: `${method.parent.typeName}/${method.name} is not served by this hub.`,
    metadata: { method: `${method.parent.typeName}/${method.name}` },
  });
}

function concurrencyLimited(max: number, setting: string): HubError {
  return new HubError({
    reason: 'CONCURRENCY_LIMITED',
    message: `${max} are open already, the most that the hub takes at the same time (${setting}); retry with backoff.`,
    metadata: { limit: String(max), limit_name: setting },
    retryAfterMs: 1000,
    executed: 'no',
  });
}

function deadlineExceeded(timeoutMs: number): HubError {
  return new HubError({
    reason: 'DEADLINE_EXCEEDED',
    message: `The call's deadline of ${Math.round(timeoutMs)} ms passed before the hub had an answer.`,
    metadata: { timeout_ms: String(Math.round(timeoutMs)) },
  });
}

function arrivedTooLate(requestArrivalMs: number): HubError {
  return new HubError({
    reason: 'DEADLINE_EXCEEDED',
    message: `The request did not arrive whole within ${requestArrivalMs} ms.`,
    metadata: { timeout_ms: String(requestArrivalMs) },
    executed: 'no',
  });
}

function callerGone(): HubError {
  return new HubError({ reason: 'CANCELLED', message: 'The caller cancelled the call or went away.' });
}
