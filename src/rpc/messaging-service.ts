import { MessagingService } from '#gen/switchyard/messaging/v1/messaging_service_pb.js';
import type { Message as MessageProto } from '#gen/switchyard/messaging/v1/message_pb.js';
import type { Clock } from '../base/clock.ts';
import { invalidFields } from '../base/error.ts';
import type { Message } from '../base/message.ts';
import type { Random } from '../base/random.ts';
import { continueTrace } from '../base/trace-context.ts';
import { explainDelivery, type ExplanationPorts } from '../messaging/delivery-explanation.ts';
import type { DeliveryLog } from '../messaging/delivery-log.ts';
import type { Dispatcher } from '../messaging/dispatch.ts';
import { ownSystem } from '../security/principal.ts';
import { type CallContext, defineService, type ServiceDefinition } from './call.ts';
import { deliveryToProto, messageFromProto, replyToProto } from './messaging-proto.ts';
import { messagingRequestSchemas } from './messaging-requests.ts';
import { explanationToProto } from './plan-proto.ts';
import { durationFromProto, repeatSafetyFromProto } from './proto-values.ts';

export interface MessagingServiceOptions extends ExplanationPorts {
  readonly dispatcher: Pick<Dispatcher, 'send'>;
  readonly log: Pick<DeliveryLog, 'get'>;
  readonly clock: Clock;
  readonly random: Random;
}

/** Request header that counts the hubs a message has passed; a hub that is a system of another sends it. */
export const hopsHeader = 'x-switchyard-hops';

/** The handlers of switchyard.messaging.v1.MessagingService. */
export function createMessagingService(
  options: MessagingServiceOptions,
): ServiceDefinition<typeof MessagingService> {
  const { dispatcher, log, clock, random } = options;
  const accepted = (proto: MessageProto, context: CallContext): Message =>
    messageFromProto(
      { ...proto, source: sourceOf(proto, context) },
      {
        timeMs: clock.now(),
        sender: context.principal.name,
        traceparent: continueTrace(context.header('traceparent') ?? proto.headers['traceparent'], random),
        hops: hopsOf(context) + 1,
      },
    );
  return defineService({
    service: MessagingService,
    schemas: messagingRequestSchemas,
    handlers: {
      async sendMessage(request, context) {
        const proto = request.message;
        if (proto === undefined) throw messageMissing();
        const message = accepted(proto, context);
        const { reply, delivery } = await dispatcher.send(message, {
          callerDeadlineMs: context.deadlineMs,
          timeoutMs: durationFromProto(request.timeout),
          repeatSafety: repeatSafetyFromProto(request.repeatSafety),
          returnRejections: request.returnRejections,
          signal: context.signal,
        });
        return {
          reply: replyToProto(reply, proto.payload.case !== 'data'),
          delivery: deliveryToProto(delivery, clock.now()),
        };
      },

      async explainRoute(request, context) {
        const proto = request.message;
        if (proto === undefined) throw messageMissing();
        const message = accepted(proto, context);
        const explanation = explainDelivery(options, message, {
          repeatSafety: repeatSafetyFromProto(request.repeatSafety),
          timeoutMs: durationFromProto(request.timeout),
        });
        return { plan: explanationToProto(explanation) };
      },

      async getDelivery(request) {
        return { delivery: deliveryToProto(log.get(request.deliveryId), clock.now()) };
      },
    },
  });
}

/** Who sends: what the message says, else the system that the principal is; empty for neither. */
function sourceOf(message: { readonly source: string }, { principal }: CallContext): string {
  return message.source === '' ? (ownSystem(principal) ?? '') : message.source;
}

/** Hubs passed before this one; 0 for a caller that is no hub. */
function hopsOf(context: CallContext): number {
  const hops = Number(context.header(hopsHeader) ?? 0);
  return Number.isSafeInteger(hops) && hops > 0 ? hops : 0;
}

/** The request rules refuse this already; it is here for the type. */
function messageMissing(): Error {
  return invalidFields([{ field: 'message', description: 'is required' }]);
}
