import { z } from 'zod';
import type { Revision } from '../base/table.ts';
import { repeatSafeties } from '../base/message.ts';
import { healthCheckKinds, protocols } from '../base/transport.ts';
import { readRow, unreadableRow } from './registry-row.ts';
import type { JsonObject, Lease, System, SystemSpec } from './system.ts';

/** Version of the record's form on disk. Raise it with every change that an older hub would misread. */
const recordVersion = 1;

/** The fields of a spec beside its id, as the contract names them. */
export const specFields = [
  'type',
  'name',
  'version',
  'capabilities',
  'dependencies',
  'interfaces',
  'configuration',
  'labels',
  'weight',
  'zone',
  'owner',
] as const satisfies readonly (keyof SystemSpec)[];
export type SpecField = (typeof specFields)[number];

/** What is durable of a system: everything but its revision and how much of its lease is left. */
export type SystemRecord = Omit<System, 'etag' | 'lease'> & {
  /** Undefined: never expires. */
  readonly leaseTtlMs: number | undefined;
};

/** The record's bytes on disk: JSON with its version, and only what the form knows. */
export function encodeSystemRecord(record: SystemRecord): Uint8Array {
  const form: z.output<typeof recordSchema> = {
    v: recordVersion,
    ...specForm(record),
    createTimeMs: record.createTimeMs,
    updateTimeMs: record.updateTimeMs,
    registrationId: record.registrationId,
    ...(record.leaseTtlMs === undefined ? {} : { leaseTtlMs: record.leaseTtlMs }),
  };
  return Buffer.from(JSON.stringify(form));
}

/** A spec as records hold it: only what the form knows. */
export function specForm(spec: SystemSpec): z.output<typeof specSchema> {
  return {
    id: spec.id,
    type: spec.type,
    name: spec.name,
    version: spec.version,
    capabilities: [...spec.capabilities],
    dependencies: [...spec.dependencies],
    interfaces: spec.interfaces.map((declared) => ({ ...declared, routes: [...declared.routes] })),
    configuration: spec.configuration,
    labels: spec.labels,
    weight: spec.weight,
    zone: spec.zone,
    owner: spec.owner,
  };
}

/**
 * Reads what {@link encodeSystemRecord} wrote. Anything else is STORE_UNAVAILABLE with a text that names the key and
 * what is wrong: the hub must not start on half of its registry.
 */
export function decodeSystemRecord(key: string, value: Uint8Array): SystemRecord {
  const { v: _version, ...record } = readRow(recordSchema, key, value);
  if (record.id !== key) throw unreadableRow(key, `it holds the record of ${JSON.stringify(record.id)}`);
  return { ...record, leaseTtlMs: record.leaseTtlMs };
}

/** What identifies the content of a spec: equal for equal specs, whatever the order of labels and keys. */
export function specFingerprint(spec: SystemSpec): string {
  return canonicalJson([spec.id, ...specFields.map((field) => spec[field])]);
}

/** Names of the fields in which two specs of one id differ, in the contract's order. */
export function differingFields(a: SystemSpec, b: SystemSpec): readonly SpecField[] {
  return specFields.filter(
    (field) => a[field] !== b[field] && canonicalJson(a[field]) !== canonicalJson(b[field]),
  );
}

/** JSON that is the same for equal values, whatever the order of their keys; what is undefined is left out. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    isJsonObject(inner) ? Object.fromEntries(Object.entries(inner).sort(byKey)) : inner,
  );
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

/** The system that a record describes, as it stands with this revision and lease. */
export function systemOfRecord(record: SystemRecord, revision: Revision, lease: Lease | undefined): System {
  const { leaseTtlMs: _ttl, ...rest } = record;
  // The time keeps etags of a store that was set up anew apart from those of the old one.
  return { ...rest, etag: `${revision.toString(36)}-${record.updateTimeMs.toString(36)}`, lease };
}

function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A JSON object, as it is. */
export const jsonObject = z.custom<JsonObject>(isJsonObject, 'is not an object');
const target = z.discriminatedUnion('by', [
  z.strictObject({ by: z.literal('system'), systemId: z.string() }),
  z.strictObject({ by: z.literal('type'), type: z.string() }),
  z.strictObject({ by: z.literal('capability'), capability: z.string() }),
]);
const healthCheck = z.strictObject({
  kind: z.enum(healthCheckKinds),
  path: z.string(),
  service: z.string(),
  intervalMs: z.number().exactOptional(),
  timeoutMs: z.number().exactOptional(),
});
/** Stored only when declared, so that `undefined` is left out of the JSON. */
const route = z
  .strictObject({
    messageType: z.string(),
    operation: jsonObject,
    repeatSafety: z.enum(repeatSafeties).optional(),
  })
  .transform((stored) => ({ ...stored, repeatSafety: stored.repeatSafety }));
/** A spec as records hold it. */
export const specSchema = z.strictObject({
  id: z.string(),
  type: z.string(),
  name: z.string(),
  version: z.string(),
  capabilities: z.array(z.string()),
  dependencies: z.array(z.strictObject({ target, optional: z.boolean() })),
  interfaces: z.array(
    z.strictObject({
      name: z.string(),
      protocol: z.enum(protocols),
      uri: z.string(),
      settings: jsonObject,
      healthCheck,
      // Records of before had none of these two.
      routes: z.array(route).default([]),
    }),
  ),
  configuration: jsonObject,
  labels: z.record(z.string(), z.string()),
  weight: z.number(),
  zone: z.string(),
  owner: z.string().default(''),
});
const recordSchema = specSchema.extend({
  v: z.literal(recordVersion),
  createTimeMs: z.number(),
  updateTimeMs: z.number(),
  registrationId: z.string(),
  leaseTtlMs: z.number().optional(),
});
