/**
 * JSON Schemas of the files that people write, made from the zod schemas that check them: catalogs (with the settings
 * and operations of every protocol) and the hub's configuration.
 */
import { z } from 'zod';
import type { Protocol } from '../src/base/transport.ts';
import { catalogFile } from '../src/catalog/catalog-file.ts';
import { configSchema } from '../src/hub/config-schema.ts';
import { graphqlOperation, graphqlSettings } from '../src/transports/graphql/graphql-settings.ts';
import { grpcOperation } from '../src/transports/grpc/grpc-operation.ts';
import { grpcSettings } from '../src/transports/grpc/grpc-settings.ts';
import { httpOperation } from '../src/transports/http/http-operation.ts';
import { httpSettings } from '../src/transports/http/http-settings.ts';
import { tcpOperation, tcpSettings } from '../src/transports/tcp/settings.ts';
import { udpOperation, udpSettings } from '../src/transports/udp/settings.ts';
import { websocketOperation, websocketSettings } from '../src/transports/websocket/settings.ts';

interface JsonSchema {
  [keyword: string]: unknown;
}

interface ProtocolForm {
  readonly protocol: Protocol;
  /** URIs that mean the protocol when `protocol` is not said; undefined: it has to be. */
  readonly uri?: string;
  readonly settings?: z.ZodType;
  readonly operation?: z.ZodType;
}

/** What each transport takes. A plug-in's settings are its own. */
const protocolForms: readonly ProtocolForm[] = [
  { protocol: 'HTTP', uri: '^https?://', settings: httpSettings, operation: httpOperation },
  {
    protocol: 'GRPC',
    uri: '^(grpcs?://|(?![A-Za-z][A-Za-z0-9+.-]*://))',
    settings: grpcSettings,
    operation: grpcOperation,
  },
  { protocol: 'WEBSOCKET', uri: '^wss?://', settings: websocketSettings, operation: websocketOperation },
  { protocol: 'TCP', uri: '^(tcp|tls)://', settings: tcpSettings, operation: tcpOperation },
  { protocol: 'UDP', uri: '^udp://', settings: udpSettings, operation: udpOperation },
  { protocol: 'GRAPHQL', settings: graphqlSettings, operation: graphqlOperation },
];

/** Every schema by the name of its file in gen/schemas, without `.schema.json`. */
export function fileSchemas(): Readonly<Record<string, JsonSchema>> {
  return { catalog: catalogSchema(), config: configurationSchema() };
}

function catalogSchema(): JsonSchema {
  const schema = withDefinitions(toJsonSchema(catalogFile));
  const definitions = schema['$defs'] as Record<string, JsonSchema>;
  const cases = protocolForms.map(protocolCase);
  for (const name of ['Interface', 'NamedInterface']) {
    const definition = definitions[name];
    if (definition === undefined) throw new Error(`the catalog schema has no ${name}`);
    definition['allOf'] = cases.map((_case, index) => ({ $ref: `#/$defs/${caseName(index)}` }));
  }
  for (const [index, each] of cases.entries()) definitions[caseName(index)] = each;
  return schema;
}

function caseName(index: number): string {
  return `${protocolForms[index]?.protocol ?? ''}_Interface`;
}

/** What an interface of a protocol may hold. */
function protocolCase({ protocol, uri, settings, operation }: ProtocolForm): JsonSchema {
  const isSaid = { properties: { protocol: { const: protocol } }, required: ['protocol'] };
  const isMeant = {
    properties: { uri: { pattern: uri } },
    required: ['uri'],
    not: { required: ['protocol'] },
  };
  const routes = operation && { items: { properties: { operation: inner(operation) } } };
  return {
    if: uri === undefined ? isSaid : { anyOf: [isSaid, isMeant] },
    then: { properties: { ...(settings && { settings: inner(settings) }), ...(routes && { routes }) } },
  };
}

function configurationSchema(): JsonSchema {
  return {
    ...withDefinitions(toJsonSchema(configSchema)),
    title: 'Switchyard configuration',
    description: 'Settings of the hub; see docs/configuration.md.',
  };
}

function toJsonSchema(schema: z.ZodType): JsonSchema {
  // Input: what a file holds, before durations become milliseconds and defaults fill in.
  return { ...z.toJSONSchema(schema, { io: 'input', target: 'draft-2020-12', unrepresentable: 'any' }) };
}

/** A schema for use inside another. */
function inner(schema: z.ZodType): JsonSchema {
  const { $schema: _dialect, ...rest } = toJsonSchema(schema);
  if ('$defs' in rest)
    throw new Error('definitions of an inner schema would point nowhere; write it without lazy parts');
  return rest;
}

/** With everything that has a title as a definition, so that editors can name it and it stands once. */
function withDefinitions(schema: JsonSchema): JsonSchema {
  const definitions: Record<string, JsonSchema> = {};
  const hoist = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(hoist);
    if (typeof value !== 'object' || value === null) return value;
    const copy = Object.fromEntries(Object.entries(value).map(([key, part]) => [key, hoist(part)]));
    const { title, description, ...rest } = copy;
    if (typeof title !== 'string') return copy;
    definitions[title] = { title, ...rest };
    // Beside $ref, what is said of this very place.
    return { $ref: `#/$defs/${title}`, ...(description !== undefined && { description }) };
  };
  const { $schema, title, description, ...rest } = schema;
  return {
    $schema,
    ...(title !== undefined && { title }),
    ...(description !== undefined && { description }),
    ...(hoist(rest) as JsonSchema),
    $defs: definitions,
  };
}
