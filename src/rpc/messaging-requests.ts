import { z } from 'zod';
import type { MessagingService } from '#gen/switchyard/messaging/v1/messaging_service_pb.js';
import { KindSchema, PrioritySchema } from '#gen/switchyard/type/v1/message_kind_pb.js';
import { RepeatSafetySchema } from '#gen/switchyard/type/v1/repeat_safety_pb.js';
import type { Value } from '@bufbuild/protobuf/wkt';
import type { RequestSchemas } from './call.ts';
import {
  definedEnum,
  duration,
  headers,
  oneof,
  optionalSlug,
  pattern,
  required,
  rule,
  slug,
  target,
  timestamp,
  visibleAscii,
  wholeNumber,
} from './field-rules.ts';
import { valueProblem } from './payload.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** A media type with parameters (RFC 9110, section 8.3.1). */
const mediaTypePattern = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+\/[!#$%&'*+.^_`|~0-9A-Za-z-]+(\s*;[\x20-\x7e]*)?$/;

const message = z.object({
  id: visibleAscii(),
  source: optionalSlug(),
  target: required(target()),
  kind: definedEnum(KindSchema),
  type: slug(),
  priority: definedEnum(PrioritySchema),
  createTime: timestamp(),
  ttl: duration({ minMs: 1, maxMs: 30 * dayMs }),
  correlationId: visibleAscii(),
  maxAttempts: wholeNumber({ min: 1, max: 100, zeroUnset: true }),
  headers: headers(),
  contentType: pattern({
    pattern: mediaTypePattern,
    form: 'a media type such as application/json',
    bytesMax: 256,
  }),
  payload: oneof({
    json: rule<Value>(valueProblem),
  }),
});

const timeout = duration({ minMs: 1, maxMs: hourMs });
const repeatSafety = definedEnum(RepeatSafetySchema);

/** The rules of each request of MessagingService, as the contract's comments state them. */
export const messagingRequestSchemas: RequestSchemas<typeof MessagingService> = {
  sendMessage: z.object({ message: required(message), timeout, repeatSafety }),
  explainRoute: z.object({ message: required(message), timeout, repeatSafety }),
  getDelivery: z.object({ deliveryId: visibleAscii({ bytesMax: 512, required: true }) }),
};
