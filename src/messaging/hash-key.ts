/** What of a message it can be hashed on. */
export interface HashInput {
  readonly messageId: string;
  readonly correlationId: string;
  readonly source: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * What CONSISTENT_HASH goes by for a message, as `balance_options.hash_on` says: `header:NAME` (in any case),
 * `correlation_id`, `source` or `message_id`. Undefined when the message lacks it.
 */
export function hashKeyOf(message: HashInput, hashOn: string): string | undefined {
  const value = valueOf(message, hashOn);
  return value === '' ? undefined : value;
}

function valueOf(message: HashInput, hashOn: string): string | undefined {
  switch (hashOn) {
    case 'correlation_id':
      return message.correlationId;
    case 'source':
      return message.source;
    case 'message_id':
      return message.messageId;
    default:
      return hashOn.startsWith(headerPrefix)
        ? headerOf(message.headers, hashOn.slice(headerPrefix.length))
        : undefined;
  }
}

const headerPrefix = 'header:';

function headerOf(headers: HashInput['headers'], name: string): string | undefined {
  if (Object.hasOwn(headers, name)) return headers[name];
  const lower = name.toLowerCase();
  for (const [key, value] of Object.entries(headers)) if (key.toLowerCase() === lower) return value;
  return undefined;
}
