import { z } from 'zod';
import { headerSettings } from '../header-settings.ts';
import { tlsSettings } from '../tls-identity.ts';

/** Forms in which a whole message is sent. */
export const httpEnvelopes = ['switchyard', 'cloudevents-binary', 'cloudevents-structured'] as const;
export type HttpEnvelope = (typeof httpEnvelopes)[number];

/** Headers that frame the request or belong to one connection: nobody sets them. Lower case. */
const framing =
  'host|content-length|content-encoding|transfer-encoding|connection|keep-alive|proxy-.*|te|trailer|upgrade|expect|http2-settings|accept-encoding|x-switchyard-.*|switchyard-.*';

/** Headers that a route's operation cannot set. */
export const framingHeaders = new RegExp(`^(?:${framing})$`);

/** Headers that an interface's settings cannot set: the hub sets them for each message. */
const perMessageHeaders = new RegExp(
  `^(?:${framing}|content-type|idempotency-key|traceparent|x-message-id|x-source-system|x-target-system|x-message-type|ce-.*)$`,
);

/** Settings about the connection: those that the health check honours too. */
const connectionFields = {
  headers: headerSettings(perMessageHeaders)
    .optional()
    .describe(
      'Headers of every request and of the health check, by name: a text, or one around a secret (`{secret_ref, prefix, suffix}`). At most 32. They win over the message’s headers; an operation’s win over them.',
    ),
  tls: tlsSettings
    .optional()
    .describe('Trust, client certificate and server name. Only with https://; default: the machine’s trust.'),
};

/** Settings of an HTTP interface. */
export const httpSettings = z.strictObject({
  message_path: z
    .string()
    .max(1024)
    .regex(/^\/(?!\/)[\x21\x22\x24-\x7e]*$/, 'must begin with one / and hold visible ASCII without #')
    .optional()
    .describe(
      'Path (and query) under the URI that messages in an envelope are posted to; default `/api/v1/messages`.',
    ),
  envelope: z
    .enum(httpEnvelopes)
    .optional()
    .describe(
      'Form of a message that no route maps: the hub’s own JSON (`switchyard`, the default), or a CloudEvent 1.0 in binary or structured form.',
    ),
  ...connectionFields,
});

export type HttpSettings = z.output<typeof httpSettings>;

/** The settings about the connection alone, whatever else an interface of any protocol sets. */
export const httpConnectionSettings = z.object(connectionFields);
