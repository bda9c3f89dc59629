import { z } from 'zod';
import { repeatSafeties } from '../base/message.ts';
import { protocols } from '../base/transport.ts';
import { anyMap, duration, fields, list, slug, text, whole } from './setting-rules.ts';
import { parseTargetText, targetForms } from './target-text.ts';

const targetText = z
  .string()
  .refine(
    (value) => parseTargetText(value) !== undefined,
    `must be ${targetForms}; a bare word is a system's id`,
  )
  .meta({ pattern: '^((system|type|capability):.+|[^:]+)$' });

/** Exactly one of its three fields. */
const targetFields = fields({
  system_id: slug().optional().describe('One system.'),
  type: slug().optional().describe('Any system of this type.'),
  capability: slug().optional().describe('Any system with this capability.'),
})
  .refine(
    (target) => Object.keys(target).length === 1,
    'must have exactly one of system_id, type, capability',
  )
  .meta({ minProperties: 1, maxProperties: 1 });

/** A target: as text, or as a map with one field. */
export const targetFile = z.union([targetText, targetFields]);

const dependencyFile = fields({
  target: targetFile.describe(`Whom it needs: ${targetForms}.`),
  optional: z.boolean().optional().describe('Whether the system works without; default: it does not.'),
}).meta({ title: 'Dependency' });

const routeFile = fields({
  message_type: text(128, 1).describe(
    'Message type: a name (pets.get), a prefix (pets.*), or * for every other type. Each once.',
  ),
  operation: anyMap()
    .optional()
    .describe('The operation, in terms of the protocol; see docs/interfaces.md. At most 16 KiB as JSON.'),
  repeat_safety: z
    .enum(repeatSafeties)
    .optional()
    .describe(
      'What sending such a message twice does; when unset, what the operation promises (a GET is SAFE).',
    ),
}).meta({ title: 'Route' });

const healthCheckFile = fields({
  kind: z
    .enum(['HTTP', 'GRPC', 'TCP', 'NONE'])
    .optional()
    .describe("How the interface is probed; the protocol's own way when unset. NONE: not at all."),
  path: text(1024).optional().describe('HTTP only: path and query under the URI; /health when unset.'),
  service: text(256).optional().describe('gRPC only: the service asked about; unset: the whole server.'),
  interval: duration(1000, 3_600_000)
    .optional()
    .describe("Time between probes; the hub's health.interval (30s) when unset."),
  timeout: duration(10, 60_000)
    .optional()
    .describe("Longest that a probe may take; the hub's health.timeout (5s) when unset."),
}).meta({ title: 'HealthCheck' });

const uri = text(2048, 1).describe(
  'Where it is: http://host:port/base, grpc://host:port, ws://host:port/path, tcp://host:port, udp://host:port; a bare host:port is gRPC. Without user or password.',
);

const interfaceShape = {
  protocol: z
    .enum(protocols)
    .optional()
    .describe('Protocol spoken; from the scheme of the URI when unset. GRAPHQL has to be said.'),
  uri,
  settings: anyMap()
    .optional()
    .describe(
      'Settings of the protocol, see docs/interfaces.md. Secrets by reference: {secret_ref: env:NAME}.',
    ),
  health_check: healthCheckFile.optional().describe('How the hub finds out whether it is well.'),
  routes: list(routeFile, 200)
    .optional()
    .describe('Which operation each message type uses. With routes it takes the types of its routes only.'),
};

const interfaceFile = fields({
  name: slug().describe('Name within the system, such as rest_api or grpc. Each once.'),
  ...interfaceShape,
}).meta({ title: 'Interface' });

/** An interface in the form where its name is the key. */
const namedInterfaceFile = fields(interfaceShape).meta({ title: 'NamedInterface' });

const interfacesFile = z.union([
  list(interfaceFile, 16, 1),
  z
    .record(z.string(), z.union([uri, namedInterfaceFile]))
    .refine((named) => {
      const count = Object.keys(named).length;
      return count >= 1 && count <= 16;
    }, 'must have 1 to 16 interfaces')
    .meta({ minProperties: 1, maxProperties: 16 }),
]);

/** One system as catalogs and `systems register -f` spell it. */
export const systemFile = fields({
  id: slug().describe('Unique id, a dotted slug such as payments.ledger_1.'),
  type: slug().describe('The group of interchangeable systems that it belongs to, a slug.'),
  name: text(200, 1).describe('Name for people.'),
  version: text(64, 1).describe('Version of the system, any form. Quote one that looks like a number.'),
  capabilities: list(slug(), 100).optional().describe('What it can do. Slugs, each once.'),
  dependencies: list(z.union([targetText, dependencyFile]), 100)
    .optional()
    .describe(`What it needs to work: ${targetForms}, or a map with target and optional.`),
  interfaces: interfacesFile.describe(
    'Ways to reach it, in order of preference: a list, or a map of name to URI or to the fields of an interface.',
  ),
  configuration: anyMap()
    .optional()
    .describe('Settings of the system itself, for others to read; the hub does not act on them.'),
  labels: z
    .record(z.string(), text(256))
    .optional()
    .describe('Free labels to filter by. At most 64; keys at most 128 characters.'),
  weight: whole(1, 1000).optional().describe('Share of the load within the type; 1 when unset.'),
  zone: text(64).optional().describe('Where it runs (a data centre, a rack).'),
  owner: text(200).optional().describe('Who answers for it: a team, a mail address.'),
  lease_ttl: duration(1000, 86_400_000)
    .optional()
    .describe(
      'Lease that `systems register -f` and `echo -f` ask for. `apply` leaves it aside: what a catalog creates never expires.',
    ),
}).meta({ title: 'System' });

/** A system once read: durations in ms. */
export type SystemSettings = z.output<typeof systemFile>;
