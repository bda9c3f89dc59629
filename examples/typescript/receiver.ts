import type { MessageInitShape } from '@bufbuild/protobuf';
import { Code, ConnectError, type ConnectRouter } from '@connectrpc/connect';
import {
  Health,
  HealthCheckResponse_ServingStatus as Serving,
} from '@switchyard/gen/standard/health/v1/health_pb';
import type { Message, ReplySchema } from '@switchyard/gen/switchyard/messaging/v1/message_pb';
import { ReceiverService } from '@switchyard/gen/switchyard/messaging/v1/receiver_service_pb';
import { createDeduplicated } from './deduplicated.ts';

/** The services of a system that receives messages: ReceiverService, and grpc.health.v1 for the hub's health check. */
export function receiverRoutes(router: ConnectRouter): void {
  const once = createDeduplicated<MessageInitShape<typeof ReplySchema>>();
  let handled = 0;
  async function handle({ type, data }: { type: string; data: Uint8Array }) {
    // A Connect error is the answer: its code says whether this is a definite no (docs/interfaces.md).
    const payload = parsed(data);
    handled += 1;
    console.log(`handled ${type}`);
    const answer = JSON.stringify({ echo: payload, handled });
    return {
      contentType: 'application/json',
      payload: { case: 'data' as const, value: new TextEncoder().encode(answer) },
    };
  }

  router.service(ReceiverService, {
    async receive({ message }) {
      if (message === undefined) throw new ConnectError('message is missing', Code.InvalidArgument);
      // The hub repeats a message under its id; ids are unique for their source.
      const key = JSON.stringify([message.source, message.id]);
      return { reply: await once(key, () => handle({ type: message.type, data: dataOf(message) })) };
    },
  });
  router.service(Health, { check: () => ({ status: Serving.SERVING }) });
}

function dataOf({ payload }: Message): Uint8Array {
  return payload.case === 'data' ? payload.value : new Uint8Array();
}

function parsed(data: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(data));
  } catch (cause) {
    throw new ConnectError('the payload is not JSON', Code.InvalidArgument, undefined, undefined, cause);
  }
}
