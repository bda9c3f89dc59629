import { create, type DescMethod, type MessageInitShape, type MessageShape } from '@bufbuild/protobuf';
import type { ZodType } from 'zod';
import type { Clock } from '../base/clock.ts';
import type { HubError } from '../base/error.ts';
import type { Directory as HealthDirectory, MonitoredSystem } from '../health/ports.ts';
import { SystemDirectory } from '../registry/directory.ts';
import { unchecked } from '../security/principal.ts';
import { systemFixture } from '../registry/system.fixture.ts';
import type { System } from '../registry/system.ts';
import type { CallContext, ServerStreamHandler, ServiceDefinition, UnaryHandler } from './call.ts';
import { violationsOf } from './validation.ts';

/** A call by Alice, which ends when `abort` does. */
export function createContext(): {
  readonly context: CallContext;
  readonly abort: AbortController;
  readonly terminated: HubError[];
} {
  const abort = new AbortController();
  const terminated: HubError[] = [];
  const context: CallContext = {
    principal: { ...unchecked, name: 'alice' },
    deadlineMs: Infinity,
    signal: abort.signal,
    header: () => undefined,
    terminate: (error) => terminated.push(error),
  };
  return { context, abort, terminated };
}

/** Calls a unary handler as an adapter would: checks the rules, then hands over whole messages. */
export async function callUnary<M extends DescMethod>(
  definition: ServiceDefinition,
  method: M,
  init: MessageInitShape<M['input']> = {} as MessageInitShape<M['input']>,
  context: CallContext = createContext().context,
): Promise<MessageShape<M['output']>> {
  const request = create(method.input, init) as MessageShape<M['input']>;
  const violations = violationsOf(method.input, rulesOf(definition, method), request);
  if (violations.length > 0) throw new Error(`the test broke the rules: ${JSON.stringify(violations)}`);
  const handler = definition.handlers[method.localName] as unknown as UnaryHandler<M>;
  return create(method.output, await handler(request, context)) as MessageShape<M['output']>;
}

/** What the rules find wrong with a request, as `field: description`. */
export function violations<M extends DescMethod>(
  definition: ServiceDefinition,
  method: M,
  init: MessageInitShape<M['input']>,
): string[] {
  const request = create(method.input, init);
  const found = violationsOf(method.input, rulesOf(definition, method), request);
  return found.map(({ field, description }) => `${field}: ${description}`);
}

function rulesOf(definition: ServiceDefinition, method: DescMethod): ZodType {
  const rules = definition.schemas[method.localName];
  if (rules === undefined) throw new Error(`${method.name} has no rules`);
  return rules;
}

/** Opens a watch, and reads it event by event. */
export function openWatch<M extends DescMethod>(
  definition: ServiceDefinition,
  method: M,
  init: MessageInitShape<M['input']> = {} as MessageInitShape<M['input']>,
) {
  const call = createContext();
  const handler = definition.handlers[method.localName] as unknown as ServerStreamHandler<M>;
  const request = create(method.input, init) as MessageShape<M['input']>;
  const events = handler(request, call.context)[Symbol.asyncIterator]();
  type Event = NonNullable<WatchShape['event']>;
  const next = async (): Promise<Event> => {
    const read: IteratorResult<MessageInitShape<M['output']>, unknown> = await events.next();
    if (read.done === true) throw new Error('the watch has ended');
    return (create(method.output, read.value) as unknown as WatchShape).event;
  };
  /** Everything up to the next bookmark, and its token. */
  const toBookmark = async (): Promise<{ seen: Event[]; token: string }> => {
    const seen: Event[] = [];
    for (;;) {
      const event = await next();
      if (event.case === 'bookmark') return { seen, token: event.value.resumeToken };
      seen.push(event);
    }
  };
  return { ...call, events, next, toBookmark };
}

/** The response of every Watch RPC, as far as tests look at it. */
interface WatchShape {
  readonly event:
    | { case: 'snapshot'; value: { items: { systemId: string }[]; last: boolean } }
    | { case: 'update'; value: { items: { systemId: string }[] } }
    | { case: 'removed'; value: { ids: string[] } }
    | { case: 'bookmark'; value: { resumeToken: string } }
    | { case: 'reset'; value: object };
}

/** A watch event in one line: `snapshot a,b last`, `update a`, `removed a`, `reset`. */
export function shownEvent(event: WatchShape['event']): string {
  switch (event.case) {
    case 'snapshot':
      return `snapshot ${idsOf(event.value.items)}${event.value.last ? ' last' : ''}`;
    case 'update':
      return `update ${idsOf(event.value.items)}`;
    case 'removed':
      return `removed ${event.value.ids.join(',')}`;
    default:
      return event.case;
  }
}

function idsOf(items: readonly { systemId: string }[]): string {
  return items.map(({ systemId }) => systemId).join(',');
}

/** The registry's own directory without a store, and the port by which health reads it. */
export function createTestRegistry(clock: Clock): {
  readonly directory: SystemDirectory;
  readonly forHealth: HealthDirectory;
  /** Registers or replaces a system; `http://ID.test` unless it says otherwise. */
  put(id: string, parts?: Partial<System>): System;
} {
  const directory = new SystemDirectory({ clock });
  const toMonitored = (system: System): MonitoredSystem => ({
    systemId: system.id,
    type: system.type,
    registrationId: system.registrationId,
    leaseExpired: system.lease?.expired === true,
    endpoints: directory.endpointsOf(system.id),
  });
  return {
    directory,
    forHealth: {
      *systems() {
        for (const system of directory.systems()) yield toMonitored(system);
      },
      get(systemId) {
        const system = directory.get(systemId);
        return system === undefined ? undefined : toMonitored(system);
      },
      onChange: (listener) => directory.onChange(({ system }) => listener(system.id)),
    },
    put(id, parts) {
      const system = systemFixture(id, {
        interfaces: [httpInterface('rest_api', `http://${id}.test`)],
        ...parts,
      });
      directory.show(system);
      return system;
    },
  };
}

/** An interface over HTTP with the protocol's own health check. */
export function httpInterface(name: string, uri: string): System['interfaces'][number] {
  return {
    name,
    protocol: 'HTTP',
    uri,
    settings: {},
    healthCheck: { kind: 'AUTO', path: '', service: '' },
    routes: [],
  };
}
