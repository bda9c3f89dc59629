import type { DescMethod, DescService, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import type { ZodType } from 'zod';
import type { HubError } from '../base/error.ts';
import type { Principal } from '../security/principal.ts';

/** What a handler knows about the call beside the request. Free of any server library's types. */
export interface CallContext {
  readonly principal: Principal;
  /** When the caller stops waiting, epoch milliseconds; `Infinity` when it did not say. */
  readonly deadlineMs: number;
  /** Aborts when the caller went away, its deadline passed, or the hub drains (its reason is then a HubError). */
  readonly signal: AbortSignal;
  /** A request header (or gRPC metadata) by its lower-case name. */
  header(name: string): string | undefined;
  /** Cuts the call off although its consumer does not read: for stalled streams. */
  terminate(error: HubError): void;
}

export type UnaryHandler<M extends DescMethod> = (
  request: MessageShape<M['input']>,
  context: CallContext,
) => Promise<MessageInitShape<M['output']>>;

export type ServerStreamHandler<M extends DescMethod> = (
  request: MessageShape<M['input']>,
  context: CallContext,
) => AsyncIterable<MessageInitShape<M['output']>>;

export type ClientStreamHandler<M extends DescMethod> = (
  requests: AsyncIterable<MessageShape<M['input']>>,
  context: CallContext,
) => Promise<MessageInitShape<M['output']>>;

export type BidiStreamHandler<M extends DescMethod> = (
  requests: AsyncIterable<MessageShape<M['input']>>,
  context: CallContext,
) => AsyncIterable<MessageInitShape<M['output']>>;

/** A handler of the method's own kind. */
export type Handler<M extends DescMethod> = M['methodKind'] extends 'unary'
  ? UnaryHandler<M>
  : M['methodKind'] extends 'server_streaming'
    ? ServerStreamHandler<M>
    : M['methodKind'] extends 'client_streaming'
      ? ClientStreamHandler<M>
      : BidiStreamHandler<M>;

/** A handler for every method of a service, by local name. */
export type ServiceHandlers<S extends DescService> = {
  [K in keyof S['method']]: Handler<S['method'][K]>;
};

/** The rules that each request of a service must keep, by method; applied to each message at the edge. */
export type RequestSchemas<S extends DescService> = {
  [K in keyof S['method']]: ZodType;
};

/** A service as the adapters take it: contract, rules and code. */
export interface ServiceDefinition<S extends DescService = DescService> {
  readonly service: S;
  readonly schemas: RequestSchemas<S>;
  readonly handlers: ServiceHandlers<S>;
}

/** Ties a service's parts together with their types. */
export function defineService<S extends DescService>(definition: ServiceDefinition<S>): ServiceDefinition<S> {
  return definition;
}
