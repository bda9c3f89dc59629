import { z } from 'zod';
import type { EndpointDeclaration, SettingViolation } from '../../base/transport.ts';
import { udpDatagramBytesDefault, udpDatagramBytesMax, udpSocketsDefault, udpSocketsMax } from '../limits.ts';

const mode = z.enum(['request', 'one_way'], { error: 'must be request or one_way' });
const payload = z.enum(['envelope', 'raw'], { error: 'must be envelope or raw' });

/** Bytes of a datagram that stand in the settings. */
const datagram = z.union(
  [
    z.strictObject({ text: z.string().max(512).describe('As UTF-8.') }),
    z.strictObject({ base64: z.base64().max(1024).describe('As base64.') }),
  ],
  { error: 'must be {"text": …} or {"base64": …}' },
);

/** Settings of a UDP interface. */
export const udpSettings = z.strictObject({
  payload: payload
    .optional()
    .describe('`envelope` (default): the hub’s JSON envelope with an id; `raw`: the bytes of the payload.'),
  mode: mode
    .optional()
    .describe(
      '`request` (default) waits for the datagram with the same id; `one_way` is delivered once it is handed over.',
    ),
  id_bytes: z
    .int()
    .min(2)
    .max(8)
    .optional()
    .describe(
      'payload raw, mode request: bytes of the id (big-endian) that the hub puts before the payload and that the answer begins with; 2 to 8. Needed there.',
    ),
  broadcast: z
    .boolean()
    .optional()
    .describe('Whether the address may be a broadcast address; default false. For one_way only.'),
  datagram_max: z
    .int()
    .min(1)
    .max(udpDatagramBytesMax)
    .optional()
    .describe(
      `Largest datagram that is sent, bytes; default ${udpDatagramBytesDefault}, which no network has to split, at most ${udpDatagramBytesMax}.`,
    ),
  sockets: z
    .int()
    .min(1)
    .max(udpSocketsMax)
    .optional()
    .describe(
      `Sockets at once, each for one request in flight; default ${udpSocketsDefault}, at most ${udpSocketsMax}.`,
    ),
  reply_content_type: z
    .string()
    .max(256)
    .optional()
    .describe('payload raw: content type of the reply; default application/octet-stream.'),
  probe: datagram
    .optional()
    .describe(
      'Datagram that asks whether the target lives: any answer says so. Without it nothing is sent and nothing is known.',
    ),
});

export type UdpSettings = z.output<typeof udpSettings>;

/** Operation of a route of a UDP interface. */
export const udpOperation = z.strictObject({
  mode: mode.optional().describe('request or one_way; default: the setting `mode`.'),
  payload: payload.optional().describe('envelope or raw; default: the setting `payload`.'),
  type: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .describe('payload envelope: what the target sees as message_type; default: the type of the message.'),
});

export type UdpOperation = z.output<typeof udpOperation>;

/** How calls go out: sockets are shared by calls that agree in all of it. */
export interface UdpManner {
  readonly mode: 'request' | 'one_way';
  readonly payload: 'envelope' | 'raw';
  /** Bytes of the id before a raw request; 0 for none. */
  readonly idBytes: number;
  readonly broadcast: boolean;
  readonly datagramBytesMax: number;
  readonly replyContentType: string;
}

/** The manner of a route's calls. */
export function udpMannerOf(settings: UdpSettings, operation: UdpOperation): UdpManner {
  const form = operation.payload ?? settings.payload ?? 'envelope';
  const way = operation.mode ?? settings.mode ?? 'request';
  return {
    mode: way,
    payload: form,
    idBytes: form === 'raw' && way === 'request' ? (settings.id_bytes ?? 0) : 0,
    broadcast: settings.broadcast ?? false,
    datagramBytesMax: settings.datagram_max ?? udpDatagramBytesDefault,
    replyContentType: settings.reply_content_type ?? 'application/octet-stream',
  };
}

/** What does not go together in settings and routes that are each valid by themselves; of each kind the first. */
export function udpContradictions(
  settings: UdpSettings,
  operations: readonly UdpOperation[],
): readonly SettingViolation[] {
  const used = operations.length === 0 ? [{}] : operations;
  const found = new Map<string, string>();
  const add = (path: string, message: string): void => {
    if (!found.has(path)) found.set(path, message);
  };
  for (const [index, operation] of used.entries()) {
    const { mode: way, payload: form } = udpMannerOf(settings, operation);
    const operationPath = `routes[${index}].operation`;
    if (settings.broadcast === true && way === 'request')
      add(
        operation.mode === undefined ? 'settings.broadcast' : `${operationPath}.mode`,
        'a broadcast has no one answer; use mode one_way, or leave broadcast out',
      );
    if (form === 'raw' && way === 'request' && settings.id_bytes === undefined)
      add(
        'settings.id_bytes',
        'is needed for raw requests, whose answers are found by it; set it, or use mode one_way or payload envelope',
      );
    if (form === 'raw' && operation.type !== undefined)
      add(`${operationPath}.type`, 'raw payloads carry no type; leave it out');
  }
  const rawRequests = used.some((operation) => {
    const manner = udpMannerOf(settings, operation);
    return manner.payload === 'raw' && manner.mode === 'request';
  });
  if (settings.id_bytes !== undefined && !rawRequests)
    add('settings.id_bytes', 'is for payload raw and mode request; leave it out');
  return [...found].map(([path, message]) => ({ path, message }));
}

/** The settings and operations of a declaration, as far as they can be read. */
export function readUdpDeclaration({ settings, routes }: EndpointDeclaration): {
  readonly settings: UdpSettings;
  readonly operations: readonly UdpOperation[];
} {
  return {
    settings: udpSettings.safeParse(settings).data ?? {},
    operations: routes.map(({ operation }) => udpOperation.safeParse(operation).data ?? {}),
  };
}
