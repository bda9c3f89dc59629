import { MessagingService } from '#gen/switchyard/messaging/v1/messaging_service_pb.js';
import type { Clock } from '../base/clock.ts';
import { invalidFields } from '../base/error.ts';
import type { Random } from '../base/random.ts';
import { continueTrace } from '../base/trace-context.ts';
import type { DeliveryLog } from '../messaging/delivery-log.ts';
import type { Dispatcher } from '../messaging/dispatch.ts';
import { explainCandidates } from '../messaging/route-explanation.ts';
import type { Router } from '../messaging/route.ts';
import type { BreakerBoard } from '../resilience/breaker-board.ts';
import type { LoadBoard } from '../resilience/load-board.ts';
import { ownSystem } from '../security/principal.ts';
import { type CallContext, defineService, type ServiceDefinition } from './call.ts';
import {
  deliveryToProto,
  kindFromProto,
  messageFromProto,
  replyToProto,
  routePlanToProto,
} from './messaging-proto.ts';
import { messagingRequestSchemas } from './messaging-requests.ts';
import { durationFromProto, repeatSafetyFromProto, targetFromProto } from './proto-values.ts';

export interface MessagingServiceOptions {
  readonly dispatcher: Pick<Dispatcher, 'send'>;
  readonly router: Pick<Router, 'plan'>;
  readonly log: Pick<DeliveryLog, 'get'>;
  readonly breakers: Pick<BreakerBoard, 'get'>;
  readonly loads: Pick<LoadBoard, 'inFlight'>;
  readonly clock: Clock;
  readonly random: Random;
}

/** Request header that counts the hubs a message has passed; a hub that is a system of another sends it. */
export const hopsHeader = 'x-switchyard-hops';

/** The handlers of switchyard.messaging.v1.MessagingService. */
export function createMessagingService(
  options: MessagingServiceOptions,
): ServiceDefinition<typeof MessagingService> {
  const { dispatcher, router, log, breakers, loads, clock, random } = options;
  return defineService({
    service: MessagingService,
    schemas: messagingRequestSchemas,
    handlers: {
      async sendMessage(request, context) {
        const proto = request.message;
        if (proto === undefined) throw messageMissing();
        const message = messageFromProto(
          { ...proto, source: sourceOf(proto, context) },
          {
            timeMs: clock.now(),
            sender: context.principal.name,
            traceparent: continueTrace(context.header('traceparent') ?? proto.headers['traceparent'], random),
            hops: hopsOf(context) + 1,
          },
        );
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
        const target = targetFromProto(request.message?.target);
        if (request.message === undefined || target === undefined) throw messageMissing();
        const { message } = request;
        const plan = router.plan(
          {
            target,
            messageType: message.type,
            kind: kindFromProto(message.kind),
            source: sourceOf(message, context),
            repeatSafety: repeatSafetyFromProto(request.repeatSafety),
            maxAttempts: message.maxAttempts === 0 ? undefined : message.maxAttempts,
            timeoutMs: durationFromProto(request.timeout),
          },
          { dryRun: true },
        );
        return { plan: routePlanToProto(plan, explainCandidates(plan, { breakers, loads })) };
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
