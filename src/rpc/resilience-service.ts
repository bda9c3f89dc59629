import { BreakerState as BreakerStateProto } from '#gen/switchyard/resilience/v1/breaker_pb.js';
import { PolicySchema } from '#gen/switchyard/resilience/v1/policy_pb.js';
import { ResilienceService } from '#gen/switchyard/resilience/v1/resilience_service_pb.js';
import { create, toBinary } from '@bufbuild/protobuf';
import type { Feed } from '../base/feed.ts';
import type { Directory } from '../registry/directory.ts';
import { breakerNotFound, type BreakerBoard, type BreakerSnapshot } from '../resilience/breaker-board.ts';
import type { EndpointKey } from '../resilience/endpoint-map.ts';
import type { PolicyBook } from '../resilience/policy-book.ts';
import { breakerStateToProto, breakerToProto } from './breaker-proto.ts';
import { type CallContext, defineService, type ServiceDefinition } from './call.ts';
import { cutPage, pageScope, pageSizeOf, pageTokenFrom, pageTokenTo } from './page.ts';
import { policyToProto } from './policy-proto.ts';
import { durationFromProto } from './proto-values.ts';
import { resilienceRequestSchemas } from './resilience-requests.ts';
import { watchFeed } from './watch.ts';

export interface ResilienceServiceOptions {
  readonly board: BreakerBoard;
  /** The feed that the board publishes to. */
  readonly feed: Feed<BreakerSnapshot>;
  readonly directory: Pick<Directory, 'require' | 'endpointsOf'>;
  readonly policies: Pick<PolicyBook, 'list' | 'require'>;
}

/** The handlers of switchyard.resilience.v1.ResilienceService. */
export function createResilienceService({
  board,
  feed,
  directory,
  policies,
}: ResilienceServiceOptions): ServiceDefinition<typeof ResilienceService> {
  /** The interface that a request names, or every one of the system. Throws SYSTEM_NOT_FOUND, BREAKER_NOT_FOUND. */
  const keysOf = (systemId: string, interfaceName: string): readonly EndpointKey[] => {
    directory.require(systemId);
    const keys = directory
      .endpointsOf(systemId)
      .filter((endpoint) => interfaceName === '' || endpoint.interface === interfaceName);
    if (keys.length === 0) throw breakerNotFound({ systemId, interface: interfaceName });
    return keys;
  };

  return defineService({
    service: ResilienceService,
    schemas: resilienceRequestSchemas,
    handlers: {
      async listBreakers({ systemId, states, pageSize, pageToken }) {
        // UNSPECIFIED stands for any state, also beside others.
        const wanted = new Set(states.includes(BreakerStateProto.UNSPECIFIED) ? [] : states);
        const scope = pageScope('ListBreakers', [systemId, [...wanted].sort()]);
        const after = pageTokenFrom(scope, pageToken) ?? '';
        const found = board
          .list()
          .filter((breaker) => systemId === '' || breaker.systemId === systemId)
          .filter(({ state }) => wanted.size === 0 || wanted.has(breakerStateToProto(state)))
          .map((breaker) => ({ breaker, key: sortKeyOf(breaker) }))
          .filter(({ key }) => key > after)
          .sort((a, b) => (a.key < b.key ? -1 : 1));
        const size = pageSizeOf(pageSize);
        const { page, more } = cutPage(found, {
          size,
          bytesOf: ({ key, breaker }) => key.length + breaker.cause.length * 3 + 64,
        });
        return {
          breakers: page.map(({ breaker }) => breakerToProto(breaker)),
          nextPageToken: more ? pageTokenTo(scope, page.at(-1)?.key ?? '') : '',
        };
      },

      watchBreakers({ systemId, resumeToken }, context) {
        const filter =
          systemId === ''
            ? undefined
            : { key: systemId, matches: (breaker: BreakerSnapshot) => breaker.systemId === systemId };
        return watchFeed(feed, { filter, resumeToken, context, toItem: breakerToProto });
      },

      async tripBreaker({ systemId, interface: name, duration, cause, validateOnly }, context) {
        const keys = keysOf(systemId, name);
        const forMs = durationFromProto(duration);
        const options = {
          cause: causeBy(context, 'tripped', cause),
          ...(forMs === undefined ? {} : { forMs }),
        };
        const breakers = validateOnly
          ? current(board, keys)
          : await inOrder(keys, (key) => board.trip(key, options));
        return { breakers: breakers.map(breakerToProto) };
      },

      async resetBreaker({ systemId, interface: name, validateOnly }, context) {
        const keys = keysOf(systemId, name);
        const options = { cause: causeBy(context, 'reset', '') };
        const breakers = validateOnly
          ? current(board, keys)
          : await inOrder(keys, (key) => board.reset(key, options));
        return { breakers: breakers.map(breakerToProto) };
      },

      async listPolicies({ pageSize, pageToken }) {
        const scope = pageScope('ListPolicies', '');
        const after = pageTokenFrom(scope, pageToken) ?? '';
        const found = policies
          .list()
          .filter(({ policy }) => policy.name > after)
          .map((each) => create(PolicySchema, policyToProto(each)));
        const { page, more } = cutPage(found, {
          size: pageSizeOf(pageSize),
          bytesOf: (policy) => toBinary(PolicySchema, policy).length,
        });
        return {
          policies: [...page],
          nextPageToken: more ? pageTokenTo(scope, page.at(-1)?.name ?? '') : '',
        };
      },

      async getPolicy({ name }) {
        return { policy: policyToProto(policies.require(name)) };
      },
    },
  });
}

/** Who did it, and why: what those who find the breaker so are told. */
function causeBy({ principal }: CallContext, verb: string, cause: string): string {
  return cause === '' ? `${verb} by ${principal.name}` : `${verb} by ${principal.name}: ${cause}`;
}

/** Sorts by system, then by interface: the separator comes before every character of a slug, which `/` does not. */
function sortKeyOf({ systemId, interface: name }: EndpointKey): string {
  return `${systemId} ${name}`;
}

function current(board: BreakerBoard, keys: readonly EndpointKey[]): BreakerSnapshot[] {
  return keys.map((key) => board.get(key)).filter((breaker) => breaker !== undefined);
}

async function inOrder<T>(keys: readonly EndpointKey[], act: (key: EndpointKey) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (const key of keys) results.push(await act(key));
  return results;
}
