import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  apiKeyText,
  createApiKey,
  hashSecret,
  idOfPrefix,
  isSecretOf,
  parseApiKey,
  prefixOf,
} from './api-key.ts';

test('a key reads back into its parts, and has 256 bits of secret', () => {
  const key = createApiKey();
  expect(parseApiKey(apiKeyText(key))).toEqual(key);
  expect(Buffer.from(key.secret, 'hex')).toHaveLength(32);
  expect(apiKeyText(key)).toMatch(/^sw_[0-9a-f]{12}_[0-9a-f]{64}$/);
});

test('no two keys are alike', () => {
  const texts = Array.from({ length: 1000 }, () => apiKeyText(createApiKey()));
  expect(new Set(texts).size).toBe(1000);
});

test('the prefix names the key and does not hold its secret', () => {
  const key = createApiKey();
  expect(idOfPrefix(prefixOf(key.id))).toBe(key.id);
  expect(idOfPrefix(apiKeyText(key))).toBeUndefined();
});

test('any other text is no key', () => {
  fc.assert(fc.property(fc.string(), (text) => parseApiKey(text) === undefined));
  const text = apiKeyText(createApiKey());
  for (const wrong of [
    ` ${text}`,
    `${text}\n`,
    text.toUpperCase(),
    text.slice(1),
    `${text}0`,
    text.slice(0, -1),
  ])
    expect(parseApiKey(wrong)).toBeUndefined();
});

test('only the secret itself fits its hash', () => {
  const { secret } = createApiKey();
  const hash = hashSecret(secret);
  expect(hash).not.toContain(secret.slice(0, 8));
  expect(isSecretOf(secret, hash)).toBe(true);
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('0', '7', '9', 'a', 'f'), maxLength: 70 }),
      (other) => !isSecretOf(other, hash),
    ),
  );
  expect(isSecretOf(secret, '')).toBe(false);
});
