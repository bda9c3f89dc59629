import { create, toBinary } from '@bufbuild/protobuf';
import { PolicySchema } from '#gen/switchyard/resilience/v1/policy_pb.js';
import type { Policy as PolicyProto } from '#gen/switchyard/resilience/v1/policy_pb.js';
import type { ResilienceService } from '#gen/switchyard/resilience/v1/resilience_service_pb.js';
import { settingOf } from '../catalog/policy-settings.ts';
import type { BookedPolicy, PolicyBook } from '../resilience/policy-book.ts';
import { policyFieldName, type PolicyField } from '../resilience/policy-fields.ts';
import type { PutPolicies } from '../resilience/put-policies.ts';
import { checked } from './answer.ts';
import type { ServiceHandlers } from './call.ts';
import { cutPage, pageScope, pageSizeOf, pageTokenFrom, pageTokenTo } from './page.ts';
import { policyFromProto, policyToProto } from './policy-proto.ts';

export interface PolicyHandlersOptions {
  readonly policies: Pick<PolicyBook, 'list' | 'require'>;
  readonly putPolicies: Pick<PutPolicies, 'put' | 'delete'>;
}

/** The handlers of ResilienceService that are about policies. */
export function createPolicyHandlers({
  policies,
  putPolicies,
}: PolicyHandlersOptions): Pick<
  ServiceHandlers<typeof ResilienceService>,
  'listPolicies' | 'getPolicy' | 'putPolicy' | 'deletePolicy'
> {
  return {
    async listPolicies({ pageSize, pageToken }) {
      const scope = pageScope('ListPolicies', '');
      const after = pageTokenFrom(scope, pageToken) ?? '';
      const found = policies.list().filter(({ policy }) => policy.name > after);
      const { page, more } = cutPage(inContract(found), {
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

    async putPolicy({ policy, etag, validateOnly }) {
      const put = await putPolicies.put(policyFromProto(checked(policy)), { etag, validateOnly });
      return { policy: policyToProto(put.booked), warnings: [...put.warnings] };
    },

    async deletePolicy({ name, etag, validateOnly }) {
      const changes = await putPolicies.delete(name, { etag, validateOnly });
      return {
        changes: changes.map(({ field, before, after, from }) => ({
          field: policyFieldName(field),
          before: shownValue(field, before),
          after: shownValue(field, after),
          from,
        })),
      };
    },
  };
}

/** One at a time: the static reply of a policy takes milliseconds, and only a page of them is wanted. */
function* inContract(found: readonly BookedPolicy[]): Generator<PolicyProto> {
  for (const each of found) yield create(PolicySchema, policyToProto(each));
}

/** A value as catalogs spell it, on one line; empty when unset. */
function shownValue(field: PolicyField, value: unknown): string {
  if (value === undefined) return '';
  const setting = settingOf(field, value);
  return typeof setting === 'string' ? setting : JSON.stringify(setting);
}
