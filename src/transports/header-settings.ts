import { z } from 'zod';
import type { Secrets } from '../base/secrets.ts';
import { credentialObjection, readSecretText, type SecretText, secretText } from './secret-value.ts';
import { UnsentFault } from './unsent-fault.ts';

/** Headers of one interface, at most so many. */
const headersMax = 32;
/** Longest value in characters, the secret included. */
const valueLengthMax = 8192;

const namePattern = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/;

/** A setting `headers`; names that `reserved` fits (in lower case) are set by the protocol or by the hub. */
export function headerSettings(reserved: RegExp): z.ZodType<Record<string, SecretText>> {
  return z.record(z.string(), secretText).superRefine((headers, context) => {
    const refuse = (path: string[], message: string): void =>
      context.addIssue({ code: 'custom', path, message });
    const entries = Object.entries(headers);
    if (entries.length > headersMax)
      refuse([], `has ${entries.length} entries, at most ${headersMax} are allowed`);
    for (const [name, value] of entries) {
      if (!namePattern.test(name)) refuse([name], `${JSON.stringify(name.slice(0, 128))} is no header name`);
      else if (reserved.test(name.toLowerCase()))
        refuse([name], `${name} is set by the protocol or by the hub; leave it out`);
      if (typeof value === 'string' && !isValue(value))
        refuse([name], 'a value is visible ASCII text and spaces');
      const objection = credentialObjection(name, value);
      if (objection !== undefined) refuse([name], objection);
    }
  });
}

/** The headers with their secrets in them, lower-case names. Rejects with {@link UnsentFault} or SecretUnavailable. */
export async function readHeaders(
  headers: Readonly<Record<string, SecretText>>,
  secrets: Secrets,
): Promise<Record<string, string>> {
  const read: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const text = await readSecretText(value, secrets);
    if (!isValue(text))
      throw new UnsentFault(
        'misconfigured',
        `the value of the header ${name} cannot be sent: it must be visible ASCII text and spaces, at most ${valueLengthMax} characters`,
      );
    read[name.toLowerCase()] = text;
  }
  return read;
}

function isValue(text: string): boolean {
  return text.length <= valueLengthMax && /^[\x20-\x7e]*$/.test(text);
}
