import { z } from 'zod';
import { headerSettings } from '../header-settings.ts';
import { tlsSettings } from '../tls-identity.ts';

/** How a message is delivered: `request` waits for the answer, `one_way` is done when it is handed over. */
export const deliveryModes = ['request', 'one_way'] as const;

const mode = z.enum(deliveryModes, { error: 'must be request or one_way' });

/** Time between pings, ms: default, shortest and longest. */
export const pingInterval = { defaultMs: 20_000, minMs: 1000, maxMs: 300_000 } as const;

/** Headers that the upgrade and the hub set themselves. */
const ofUpgrade =
  /^(connection|upgrade|host|content-length|transfer-encoding|te|trailer|expect|user-agent|sec-websocket-.*)$/;

/** Settings of a WebSocket interface. */
export const websocketSettings = z.strictObject({
  headers: headerSettings(ofUpgrade)
    .optional()
    .describe('Headers of the upgrade request, by name: a text, or one around a secret. At most 32.'),
  subprotocol: z
    .string()
    .max(64)
    .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, 'must be a token such as switchyard.v1')
    .optional()
    .describe('Subprotocol that is asked for; a target that does not choose it is not connected.'),
  tls: tlsSettings.optional().describe('For wss://: whom to trust and which certificate to show.'),
  ping_interval: z
    .string()
    .transform((text, context) => {
      const [, number = '', unit = ''] = /^([0-9]{1,6})(ms|s|m)$/.exec(text) ?? [];
      const ms = Number(number) * ({ ms: 1, s: 1000, m: 60_000 }[unit] ?? NaN);
      if (number !== '' && ms >= pingInterval.minMs && ms <= pingInterval.maxMs) return ms;
      context.addIssue({
        code: 'custom',
        message: `is ${JSON.stringify(text)}; must be a duration such as 20s, from 1s to 5m`,
      });
      return z.NEVER;
    })
    .optional()
    .describe('Silence after which the connection is asked whether it lives; default 20s, from 1s to 5m.'),
  mode: mode
    .optional()
    .describe('request (default) waits for the answer; one_way is delivered once it is handed over.'),
});

export type WebSocketSettings = z.output<typeof websocketSettings>;

/** Operation of a route of a WebSocket interface. */
export const websocketOperation = z.strictObject({
  mode: mode.optional().describe('request or one_way; default: the setting `mode`.'),
  type: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .describe('What the target sees as message_type; default: the type of the message.'),
});

export type WebSocketOperation = z.output<typeof websocketOperation>;
