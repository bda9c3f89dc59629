import { z } from 'zod';
import { policyFile } from '../catalog/policy-file.ts';
import { duration, share, text, whole } from '../catalog/setting-rules.ts';
import { replyBytesMaxDefault } from '../messaging/reply-cache.ts';
import { authSettings, tlsSettings } from './config-security.ts';

/** `HOST:PORT`, with an IPv6 host in brackets. */
const listenPattern = /^(\[[0-9a-fA-F:.]+\]|[^\s:[\]]+):(\d{1,5})$/;

const listen = z
  .string({ error: 'must be HOST:PORT' })
  .refine(
    (text) => Number(listenPattern.exec(text)?.[2] ?? 65536) <= 65535,
    'must be HOST:PORT, an IPv6 host in brackets, the port from 0 to 65535 (0 picks a free one)',
  );

/** Most that `replies.cache_bytes` may be: 16 GiB. */
const replyBytesMost = 16 * 1024 ** 3;

/** Every setting of the hub, as the configuration file spells it. Unknown ones are refused. */
export const configSchema = z.strictObject({
  listen: listen.default('127.0.0.1:7700').describe('Address of the one port.'),
  data_dir: z
    .string()
    .min(1, 'must not be empty')
    .default('./data')
    .describe('Folder of the embedded store.'),
  zone: text(64, 1)
    .optional()
    .describe('Zone of the hub: with `zone_first`, where messages go first whose sender has none.'),
  insecure: z
    .boolean()
    .default(false)
    .describe('Allows an address that is not loopback although nobody is authenticated.'),
  tls: tlsSettings,
  auth: authSettings,
  log: z
    .strictObject({
      level: z
        .enum(['debug', 'info', 'warn', 'error', 'silent'])
        .default('info')
        .describe('Least level that is logged.'),
    })
    .prefault({}),
  server: z
    .strictObject({
      allowed_hosts: z
        .array(z.string())
        .default([])
        .describe('Host names, beside loopback, IP addresses and the listen host, that requests may name.'),
      allowed_origins: z
        .array(z.string())
        .default([])
        .describe('Origins of web pages elsewhere that may call the hub.'),
      max_concurrent_calls: whole(1, 100_000).default(1000).describe('Calls in flight, watches aside.'),
      max_watches: whole(1, 1_000_000).default(10_000).describe('Open streams.'),
      max_connections: whole(1, 1_000_000).default(10_000).describe('Open connections.'),
      drain_timeout: duration(0, 600_000)
        .default(10_000)
        .describe('Time that calls in flight get to finish at shutdown.'),
    })
    .prefault({}),
  health: z
    .strictObject({
      interval: duration(1000, 3_600_000).default(30_000).describe('Time between probes of an interface.'),
      timeout: duration(10, 60_000).default(5000).describe('Longest that a probe may take.'),
      failures_to_unhealthy: whole(1, 100).default(3).describe('Failed probes in a row that make UNHEALTHY.'),
      successes_to_healthy: whole(1, 100)
        .default(2)
        .describe('Good probes in a row that make HEALTHY again.'),
      degraded_latency: duration(1, 60_000).default(1000).describe('A slower probe makes DEGRADED.'),
      degraded_error_rate: share().default(0.05).describe('More failed deliveries make DEGRADED.'),
      max_concurrent_probes: whole(1, 10_000).default(64).describe('Probes at the same time.'),
    })
    .prefault({}),
  registry: z
    .strictObject({
      max_systems: whole(1, 1_000_000).default(100_000).describe('Systems that can be registered.'),
    })
    .prefault({}),
  deliveries: z
    .strictObject({
      kept: whole(1, 1_000_000).default(10_000).describe('Traces of synchronous deliveries kept in memory.'),
    })
    .prefault({}),
  replies: z
    .strictObject({
      cache_bytes: whole(0, replyBytesMost)
        .default(replyBytesMaxDefault)
        .describe(
          'Room for replies that are given again (`reply_cache`, `last_good`), in bytes. 0: none are kept.',
        ),
    })
    .prefault({}),
  secrets: z
    .strictObject({
      env: z
        .array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*\*?$/, 'must be a name, or a prefix such as PETS_*'))
        .default(['SWITCHYARD_SECRET_*'])
        .describe('Variables that `secret_ref: env:NAME` may read: names, or prefixes with * at the end.'),
      folder: z
        .string()
        .min(1, 'must not be empty')
        .optional()
        .describe('Folder of the files that `secret_ref: file:NAME` reads. Unset: none can be read.'),
    })
    .prefault({})
    .describe('What references to secrets may read.'),
  catalogs: z
    .array(z.string().min(1, 'must not be empty'))
    .max(100, 'must be at most 100 files or folders')
    .default([])
    .describe('Catalog files, or folders of them, that are applied at start and when they change.'),
  plugins: z
    .array(z.string().min(1, 'must not be empty'))
    .max(100, 'must be at most 100 modules')
    .default([])
    .describe("Modules with transports of your own: paths relative to the hub's working folder."),
  policies: z
    .array(policyFile)
    .max(1000, 'must be at most 1000 policies')
    .default([])
    .describe('Settings for delivery.'),
});

/** The settings in force: every one of them decided. Durations are in ms. */
export type Config = z.output<typeof configSchema>;

/** Host and port of a `listen` setting. */
export function listenAddress(text: string): { readonly host: string; readonly port: number } {
  const [, host = '', port = ''] = listenPattern.exec(text) ?? [];
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}
