import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { feedDefaults } from '../src/base/feed.ts';
import {
  catalogDescriptorSetsMax,
  catalogPoliciesMax,
  catalogSystemsMax,
  descriptorSetBytesMax,
} from '../src/catalog/catalog-file.ts';
import { catalogFileBytesMax, catalogFilesMax } from '../src/catalog/source-files.ts';
import { probesInFlightMax } from '../src/health/probe-schedule.ts';
import { deliveriesKeptDefault } from '../src/messaging/delivery-log.ts';
import { simulatedDeliveriesMax } from '../src/messaging/policy-simulation.ts';
import { simulationsMax } from '../src/rpc/simulation-handlers.ts';
import { replyBytesMaxDefault } from '../src/messaging/reply-cache.ts';
import { replyShareMax } from '../src/messaging/reply-cache-store.ts';
import { hopsMax } from '../src/messaging/dispatch.ts';
import { bodyExcerptBytesMax } from '../src/messaging/outcome.ts';
import { catalogsMax, descriptorSetsMax, policiesMax } from '../src/registry/catalog.ts';
import { ringsMax } from '../src/registry/graph-order.ts';
import { edgesMaxDefault } from '../src/registry/graph.ts';
import { leaseTtlMsMax, leaseTtlMsMin, lostKeepMs } from '../src/registry/lease.ts';
import { systemsMaxDefault } from '../src/registry/system.ts';
import { goneSystemsMax, goneVersionsKeepMs, versionsMax } from '../src/registry/version-history.ts';
import { breakerTypesMax } from '../src/resilience/breaker-endpoint.ts';
import { breakerTransitionsMax } from '../src/resilience/breaker-history.ts';
import { unregisteredForcedMax } from '../src/resilience/forced-breaker-book.ts';
import { fallbackStepsMax, matchEntriesMax, staticReplyBytesMax } from '../src/resilience/policy.ts';
import { resolvedPoliciesMax } from '../src/resilience/policy-cache.ts';
import { putPoliciesMax } from '../src/resilience/put-policies.ts';
import { idleRetryBudgetsMax } from '../src/resilience/retry-budgets.ts';
import { placeRetryAfterMsMax } from '../src/resilience/limit-answer.ts';
import { callerBucketsMax } from '../src/resilience/limit-callers.ts';
import {
  descriptorSetDataBytesMax,
  descriptorSetsPerCatalogMax,
  policiesPerCatalogMax,
  systemsPerCatalogMax,
} from '../src/rpc/catalog-rules.ts';
import { readBytesMaxDefault } from '../src/rpc/connect-adapter.ts';
import { errorBytesMax } from '../src/rpc/error-mapping.ts';
import { checkedSystemsMax } from '../src/rpc/health-service.ts';
import { createListenerLimits } from '../src/rpc/listener-limits.ts';
import { pageBytesMax, pageSizeMax } from '../src/rpc/page.ts';
import { jsonDepthMax, payloadBytesMax } from '../src/rpc/payload.ts';
import { pipelineLimits } from '../src/rpc/pipeline.ts';
import { configurationBytesMax, settingsBytesMax } from '../src/rpc/system-rules.ts';
import { auditLinesMax, auditLinesPerAddressMax } from '../src/security/audit.ts';
import { endedKeepMs, keysMax, liveKeysPerNameMax } from '../src/security/key-store.ts';
import { systemPatternsMax } from '../src/security/system-pattern.ts';
import { sqliteDefaults } from '../src/storage/sqlite/sqlite-store.ts';
import { keyBytesMax } from '../src/storage/sqlite/sqlite-table.ts';
import * as transportLimits from '../src/transports/limits.ts';
import { root } from './root.ts';

/** Values of the code that are knobs of an implementation rather than limits that a user meets. */
const notForUsers = [
  'listener.timeoutCheckMs',
  'listener.windowBytes',
  'listener.sessionMegabytesMax',
  'sqlite.storeBytesMax',
  'excerptBytesMax',
];

const inCode: Readonly<Record<string, number>> = Object.fromEntries(
  Object.entries({
    ...prefixed('listener', createListenerLimits()),
    ...prefixed('pipeline', pipelineLimits),
    ...prefixed('feed', feedDefaults),
    ...prefixed('sqlite', sqliteDefaults),
    ...transportLimits,
    auditLinesMax,
    auditLinesPerAddressMax,
    bodyExcerptBytesMax,
    breakerTransitionsMax,
    breakerTypesMax,
    callerBucketsMax,
    catalogDescriptorSetsMax,
    catalogFileBytesMax,
    catalogFilesMax,
    catalogPoliciesMax,
    catalogSystemsMax,
    catalogsMax,
    checkedSystemsMax,
    configurationBytesMax,
    deliveriesKeptDefault,
    simulatedDeliveriesMax,
    simulationsMax,
    replyBytesMaxDefault,
    replyShareMax,
    descriptorSetBytesMax,
    descriptorSetsMax,
    edgesMaxDefault,
    endedKeepMs,
    errorBytesMax,
    fallbackStepsMax,
    goneSystemsMax,
    goneVersionsKeepMs,
    hopsMax,
    idleRetryBudgetsMax,
    jsonDepthMax,
    keyBytesMax,
    keysMax,
    leaseTtlMsMax,
    leaseTtlMsMin,
    liveKeysPerNameMax,
    lostKeepMs,
    matchEntriesMax,
    pageBytesMax,
    pageSizeMax,
    payloadBytesMax,
    placeRetryAfterMsMax,
    policiesMax,
    probesInFlightMax,
    putPoliciesMax,
    readBytesMaxDefault,
    resolvedPoliciesMax,
    ringsMax,
    settingsBytesMax,
    staticReplyBytesMax,
    systemPatternsMax,
    systemsMaxDefault,
    unregisteredForcedMax,
    versionsMax,
  }).filter(([name]) => !notForUsers.includes(name)),
);

const inDocument: Readonly<Record<string, number>> = Object.fromEntries(
  [
    ...readFileSync(join(root, 'docs/limits.md'), 'utf8').matchAll(
      /^\|[^|]*\|([^|]*)\|[^|]*\|\s*`([^`]+)`\s*\|$/gm,
    ),
  ].map(([, value = '', name = '']) => [name, parseValue(value.trim())]),
);

test('docs/limits.md says what the code does, about every limit', () => {
  expect(inDocument).toEqual(inCode);
});

test('a call takes as much of a catalog as its files', () => {
  expect([systemsPerCatalogMax, policiesPerCatalogMax, descriptorSetsPerCatalogMax]).toEqual([
    catalogSystemsMax,
    catalogPoliciesMax,
    catalogDescriptorSetsMax,
  ]);
  expect(descriptorSetDataBytesMax).toBe(descriptorSetBytesMax);
});

function prefixed(prefix: string, values: object): Record<string, number> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [`${prefix}.${name}`, value as number]),
  );
}

/** `10,000`, `16 KiB`, `5 min`: a count, bytes or milliseconds. */
function parseValue(text: string): number {
  const units: Readonly<Record<string, number>> = {
    '': 1,
    KiB: 1024,
    MiB: 1024 ** 2,
    ms: 1,
    s: 1000,
    min: 60_000,
    h: 3_600_000,
  };
  const [number = '', unit = ''] = text.split(' ');
  return Number(number.replaceAll(',', '')) * (units[unit] ?? NaN);
}
