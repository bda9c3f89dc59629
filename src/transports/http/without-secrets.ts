import type { AttemptResult } from '../../base/transport.ts';
import type { SecretValues } from './rest-request.ts';

/** Stands for a secret. */
const mask = '***';

/**
 * A result without the secrets of its request: a redirect or a link repeats the query, and with it an API key, in
 * headers that the caller sees and in the detail. The body is the target's own word and stays as it is.
 */
export function withoutSecrets(result: AttemptResult, secrets: SecretValues): AttemptResult {
  const texts = [...secrets.values()]
    .filter((value) => value !== '')
    .flatMap((value) => [value, encodeURIComponent(value.toWellFormed())]);
  if (texts.length === 0) return result;
  const masked = (text: string): string => texts.reduce((sofar, one) => sofar.replaceAll(one, mask), text);
  const { reply } = result;
  return {
    ...result,
    detail: masked(result.detail),
    ...(reply === undefined
      ? {}
      : {
          reply: {
            ...reply,
            headers: Object.fromEntries(
              Object.entries(reply.headers).map(([name, value]) => [name, masked(value)]),
            ),
          },
        }),
  };
}
