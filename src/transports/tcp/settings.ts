import { z } from 'zod';
import type { EndpointDeclaration, SettingViolation } from '../../base/transport.ts';
import { replyBytesMax, tcpConnectionsDefault, tcpConnectionsMax } from '../limits.ts';
import { tlsSettings } from '../tls-identity.ts';
import type { TcpFraming } from './framing.ts';

const mode = z.enum(['request', 'one_way'], { error: 'must be request or one_way' });
const payload = z.enum(['envelope', 'raw'], { error: 'must be envelope or raw' });

/** Settings of a TCP interface. */
export const tcpSettings = z.strictObject({
  framing: z
    .enum(['length', 'line'], { error: 'must be length or line' })
    .optional()
    .describe(
      'How frames are told apart: `length` (default) puts a length before each, `line` a delimiter behind.',
    ),
  length_bytes: z
    .union([z.literal(1), z.literal(2), z.literal(4), z.literal(8)], { error: 'must be 1, 2, 4 or 8' })
    .optional()
    .describe('framing length: bytes of the length; default 4.'),
  length_order: z
    .enum(['big', 'little'], { error: 'must be big or little' })
    .optional()
    .describe('framing length: which byte of the length comes first; default big (network order).'),
  length_includes_prefix: z
    .boolean()
    .optional()
    .describe('framing length: whether the length counts its own bytes; default false.'),
  delimiter: z
    .string()
    .min(1)
    .max(8)
    .optional()
    .describe(
      'framing line: what ends a line; default "\\n", which may have "\\r" before it. 1 to 8 characters.',
    ),
  payload: payload
    .optional()
    .describe(
      '`envelope` (default): the hub’s JSON envelope with an id; `raw`: the bytes of the payload alone.',
    ),
  mode: mode
    .optional()
    .describe('`request` (default) waits for an answer; `one_way` is delivered once it is handed over.'),
  correlation: z
    .enum(['id', 'order'], { error: 'must be id or order' })
    .optional()
    .describe(
      '`id` (default for envelope): many calls at once on a connection, answers by their id; `order` (default for raw): one call at a time, the next frame is its answer.',
    ),
  connections: z
    .int()
    .min(1)
    .max(tcpConnectionsMax)
    .optional()
    .describe(`Connections at once; default ${tcpConnectionsDefault}, at most ${tcpConnectionsMax}.`),
  reply_frame_max: z
    .int()
    .min(1)
    .max(replyBytesMax)
    .optional()
    .describe(
      'Largest frame that is taken as an answer, bytes; default what a reply of 3 MiB needs, the most 3 MiB.',
    ),
  reply_content_type: z
    .string()
    .max(256)
    .optional()
    .describe('payload raw: content type of the reply; default application/octet-stream.'),
  tls: tlsSettings.optional().describe('For tls://: whom to trust and which certificate to show.'),
});

export type TcpSettings = z.output<typeof tcpSettings>;

/** Operation of a route of a TCP interface. */
export const tcpOperation = z.strictObject({
  mode: mode.optional().describe('request or one_way; default: the setting `mode`.'),
  payload: payload.optional().describe('envelope or raw; default: the setting `payload`.'),
  type: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .describe('payload envelope: what the target sees as message_type; default: the type of the message.'),
});

export type TcpOperation = z.output<typeof tcpOperation>;

/** How calls go over a connection: connections are shared by calls that agree in all of it. */
export interface TcpManner {
  readonly framing: TcpFraming;
  readonly payload: 'envelope' | 'raw';
  readonly mode: 'request' | 'one_way';
  readonly correlation: 'id' | 'order';
  readonly replyFrameBytesMax: number;
  readonly replyContentType: string;
}

/** A payload of the largest size as base64, and what an envelope may have around it. */
const envelopeBytesMax = Math.ceil(replyBytesMax / 3) * 4 + 64 * 1024;

/** The manner of a route's calls. */
export function mannerOf(settings: TcpSettings, operation: TcpOperation): TcpManner {
  const form = operation.payload ?? settings.payload ?? 'envelope';
  return {
    framing: framingOf(settings),
    payload: form,
    mode: operation.mode ?? settings.mode ?? 'request',
    correlation: settings.correlation ?? (form === 'envelope' ? 'id' : 'order'),
    replyFrameBytesMax: settings.reply_frame_max ?? (form === 'envelope' ? envelopeBytesMax : replyBytesMax),
    replyContentType: settings.reply_content_type ?? 'application/octet-stream',
  };
}

function framingOf(settings: TcpSettings): TcpFraming {
  if (settings.framing === 'line') {
    const { delimiter = '\n' } = settings;
    return { kind: 'line', delimiter: Buffer.from(delimiter), dropsReturn: delimiter === '\n' };
  }
  return {
    kind: 'length',
    lengthBytes: settings.length_bytes ?? 4,
    bigEndian: settings.length_order !== 'little',
    includesPrefix: settings.length_includes_prefix ?? false,
  };
}

/** What does not go together in settings and routes that are each valid by themselves. */
export function tcpContradictions(
  settings: TcpSettings,
  operations: readonly TcpOperation[],
  { tls }: { readonly tls: boolean },
): readonly SettingViolation[] {
  const found: SettingViolation[] = [];
  const line = settings.framing === 'line';
  for (const name of line ? lengthOnly : lineOnly)
    if (settings[name] !== undefined)
      found.push({
        path: `settings.${name}`,
        message: `is for framing ${line ? 'length' : 'line'}; leave it out, or set framing`,
      });
  if (settings.tls !== undefined && !tls)
    found.push({ path: 'settings.tls', message: 'is for tls:// only; leave it out, or use a tls:// URI' });
  const used: readonly (readonly [path: string, operation: TcpOperation])[] =
    operations.length === 0
      ? [['settings', {}]]
      : operations.map((operation, index) => [`routes[${index}].operation`, operation]);
  for (const [path, operation] of used) {
    const form = operation.payload ?? settings.payload ?? 'envelope';
    if (form === 'raw' && settings.correlation === 'id')
      found.push({
        path: operation.payload === undefined ? 'settings.correlation' : `${path}.payload`,
        message:
          'raw payloads have no id to find their answers by; use correlation order, or payload envelope',
      });
    if (form === 'raw' && operation.type !== undefined)
      found.push({ path: `${path}.type`, message: 'raw payloads carry no type; leave it out' });
    if (form === 'envelope' && line && !isControl(settings.delimiter ?? '\n'))
      found.push({
        path: 'settings.delimiter',
        message:
          'must be control characters such as "\\n" or "\\u0000": anything else may stand in an envelope',
      });
  }
  return found.filter(
    ({ path, message }, at) => found.findIndex((one) => one.path === path && one.message === message) === at,
  );
}

const lengthOnly = ['length_bytes', 'length_order', 'length_includes_prefix'] as const;
const lineOnly = ['delimiter'] as const;

function isControl(delimiter: string): boolean {
  return Buffer.from(delimiter).every((byte) => byte < 0x20);
}

/** The settings and operations of a declaration, as far as they can be read. */
export function readTcpDeclaration({ settings, routes }: EndpointDeclaration): {
  readonly settings: TcpSettings;
  readonly operations: readonly TcpOperation[];
} {
  return {
    settings: tcpSettings.safeParse(settings).data ?? {},
    operations: routes.map(({ operation }) => tcpOperation.safeParse(operation).data ?? {}),
  };
}
