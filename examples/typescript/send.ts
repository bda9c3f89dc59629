/**
 * Sends a message and prints the reply and how it got there: `node send.ts TARGET TYPE JSON [MESSAGE_ID]`.
 * TARGET is a system's id, or `type:TYPE` for any system of that type.
 */
import { randomUUID } from 'node:crypto';
import { createClient } from '@connectrpc/connect';
import { Verdict } from '@switchyard/gen/switchyard/messaging/v1/delivery_pb';
import { MessagingService } from '@switchyard/gen/switchyard/messaging/v1/messaging_service_pb';
import { RepeatSafety } from '@switchyard/gen/switchyard/type/v1/repeat_safety_pb';
import { failureText, readFailure } from './failure.ts';
import { connectToHub } from './hub.ts';

const [target, type, json, id = randomUUID()] = process.argv.slice(2);
if (target === undefined || type === undefined || json === undefined) {
  console.error('usage: node send.ts TARGET TYPE JSON [MESSAGE_ID]');
  process.exit(2);
}
const messaging = createClient(MessagingService, connectToHub());
try {
  const { reply, delivery } = await messaging.sendMessage(
    {
      message: {
        id,
        type,
        target: {
          target: target.startsWith('type:')
            ? { case: 'type', value: target.slice('type:'.length) }
            : { case: 'systemId', value: target },
        },
        // Bytes reach the target as they are. `json` is shorter to write, but its numbers are doubles.
        payload: { case: 'data', value: new TextEncoder().encode(json) },
        contentType: 'application/json',
      },
      // The receiver knows a message by its id, so the hub may repeat it after an unknown outcome.
      repeatSafety: RepeatSafety.KEYED,
    },
    // The deadline for everything: all attempts, and the waits between them.
    { timeoutMs: 5_000 },
  );
  const payload = reply?.payload.case === 'data' ? new TextDecoder().decode(reply.payload.value) : '';
  console.log(`reply ${reply?.status ?? ''} ${payload}`);
  for (const attempt of delivery?.attempts ?? []) {
    console.log(
      `attempt ${attempt.number}: ${attempt.systemId}/${attempt.interface} ${Verdict[attempt.verdict]}`,
    );
  }
} catch (error) {
  const failure = readFailure(error);
  console.error(failureText(failure));
  if (failure.metadata.executed === 'unknown') console.error('The target may have acted. Ask it first.');
  process.exitCode = 1;
}
