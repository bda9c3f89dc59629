import { create, type DescMessage, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { HubError } from '../base/error.ts';
import { pageBytesMax } from './page.ts';

/** An answer that is not paged, or ANSWER_TOO_LARGE when a client could not take it. */
export function boundedAnswer<S extends DescMessage>(
  schema: S,
  init: MessageInitShape<S>,
): MessageInitShape<S> {
  const message = create(schema, init);
  const bytes = toBinary(schema, message).length;
  if (bytes <= pageBytesMax) return message;
  throw new HubError({
    reason: 'ANSWER_TOO_LARGE',
    message: `The answer would have ${bytes} bytes, more than the ${pageBytesMax} that one message may hold; ask for less at once.`,
    metadata: { bytes: String(bytes), limit: String(pageBytesMax) },
  });
}

/** What the rules of the request have made sure of. */
export function checked<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError('A required field is unset although the request was checked.');
  return value;
}
