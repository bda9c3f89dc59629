import { z } from 'zod';
import { HubError } from '../base/error.ts';
import type { Revision } from '../base/table.ts';
import { repeatSafeties } from '../base/message.ts';
import { healthCheckKinds, protocols } from '../base/transport.ts';
import type { JsonObject, Lease, System, SystemSpec } from './system.ts';

/** Version of the record's form on disk. Raise it with every change that an older hub would misread. */
const recordVersion = 1;

/** What is durable of a system: everything but its revision and how much of its lease is left. */
export type SystemRecord = Omit<System, 'etag' | 'lease'> & {
  /** Undefined: never expires. */
  readonly leaseTtlMs: number | undefined;
};

/** The record's bytes on disk: JSON with its version, and only what the form knows. */
export function encodeSystemRecord(record: SystemRecord): Uint8Array {
  const form: z.output<typeof recordSchema> = {
    v: recordVersion,
    id: record.id,
    type: record.type,
    name: record.name,
    version: record.version,
    capabilities: [...record.capabilities],
    dependencies: [...record.dependencies],
    interfaces: record.interfaces.map((declared) => ({ ...declared, routes: [...declared.routes] })),
    configuration: record.configuration,
    labels: record.labels,
    weight: record.weight,
    zone: record.zone,
    owner: record.owner,
    createTimeMs: record.createTimeMs,
    updateTimeMs: record.updateTimeMs,
    registrationId: record.registrationId,
    ...(record.leaseTtlMs === undefined ? {} : { leaseTtlMs: record.leaseTtlMs }),
  };
  return Buffer.from(JSON.stringify(form));
}

/**
 * Reads what {@link encodeSystemRecord} wrote. Anything else is STORE_UNAVAILABLE with a text that names the key and
 * what is wrong: the hub must not start on half of its registry.
 */
export function decodeSystemRecord(key: string, value: Uint8Array): SystemRecord {
  const parsed = recordSchema.safeParse(parseJson(key, value));
  if (!parsed.success)
    throw unreadable(key, z.prettifyError(parsed.error).replaceAll('\n', ' '), parsed.error);
  const { v: _version, ...record } = parsed.data;
  if (record.id !== key) throw unreadable(key, `it holds the record of ${JSON.stringify(record.id)}`);
  return { ...record, leaseTtlMs: record.leaseTtlMs };
}

/** What identifies the content of a spec: equal for equal specs, whatever the order of labels and keys. */
export function specFingerprint(spec: SystemSpec): string {
  const {
    id,
    type,
    name,
    version,
    capabilities,
    dependencies,
    interfaces,
    configuration,
    labels,
    weight,
    zone,
    owner,
  } = spec;
  return JSON.stringify(
    [
      id,
      type,
      name,
      version,
      capabilities,
      dependencies,
      interfaces,
      configuration,
      labels,
      weight,
      zone,
      owner,
    ],
    (_key, value: unknown) =>
      isJsonObject(value) ? Object.fromEntries(Object.entries(value).sort()) : value,
  );
}

/** The system that a record describes, as it stands with this revision and lease. */
export function systemOfRecord(record: SystemRecord, revision: Revision, lease: Lease | undefined): System {
  const { leaseTtlMs: _ttl, ...rest } = record;
  // The time keeps etags of a store that was set up anew apart from those of the old one.
  return { ...rest, etag: `${revision.toString(36)}-${record.updateTimeMs.toString(36)}`, lease };
}

function parseJson(key: string, value: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(value).toString('utf8'));
  } catch (cause) {
    throw unreadable(key, 'it is not JSON', cause);
  }
}

function unreadable(key: string, detail: string, cause?: unknown): HubError {
  return new HubError({
    reason: 'STORE_UNAVAILABLE',
    message: `The record ${JSON.stringify(key)} in the table "systems" cannot be read: ${detail}. Restore the data folder from a copy, or use the version of the hub that wrote it.`,
    metadata: { table: 'systems', key },
    ...(cause === undefined ? {} : { cause }),
  });
}

function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const jsonObject = z.custom<JsonObject>(isJsonObject, 'is not an object');
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
const recordSchema = z.strictObject({
  v: z.literal(recordVersion),
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
  createTimeMs: z.number(),
  updateTimeMs: z.number(),
  registrationId: z.string(),
  leaseTtlMs: z.number().optional(),
});
