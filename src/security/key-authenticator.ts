import { parseApiKey, prefixOf } from './api-key.ts';
import type { Authenticator, Evidence, Finding } from './authenticator.ts';
import type { KeyRecord } from './key-record.ts';
import type { KeyStore } from './key-store.ts';
import type { Principal } from './principal.ts';

/** Recognises API keys: `authorization: Bearer sw_…`, `x-api-key: sw_…`, and for pages the password of HTTP Basic. */
export function createKeyAuthenticator(keys: Pick<KeyStore, 'verify'>): Authenticator {
  return {
    offer: 'an API key (authorization: Bearer sw_…, or x-api-key)',
    authenticate(evidence): Finding | undefined {
      const shown = shownKey(evidence);
      if (shown === undefined) return undefined;
      const presented = parseApiKey(shown);
      if (presented === undefined)
        return {
          refused: 'What was shown is no API key: sw_, 12 and 64 hexadecimal digits.',
          credential: '',
        };
      const credential = prefixOf(presented.id);
      const verdict = keys.verify(presented);
      if (verdict.accepted) return { principal: principalOf(verdict.key) };
      return {
        refused:
          verdict.why === 'unknown'
            ? 'The API key is not valid.'
            : `The API key ${credential} ${verdict.why === 'expired' ? 'has expired' : 'was revoked'}; have an admin make another one: switchyard keys create`,
        credential,
      };
    },
  };
}

/** The principal that a key stands for. */
export function principalOf(key: KeyRecord): Principal {
  return {
    name: key.name,
    role: key.role,
    systems: key.systems,
    credential: { kind: 'key', id: prefixOf(key.id) },
    expireTimeMs: key.expireTimeMs ?? Infinity,
  };
}

/** The key that a request shows, undefined for none. Another bearer token is left to other authenticators. */
function shownKey({ header, allowsBasic }: Evidence): string | undefined {
  const [, scheme = '', value = ''] = /^(\S+)\s+(\S+)\s*$/.exec(header('authorization') ?? '') ?? [];
  if (scheme.toLowerCase() === 'bearer' && value.startsWith('sw_')) return value;
  if (scheme.toLowerCase() === 'basic' && allowsBasic) return passwordOf(value);
  return header('x-api-key');
}

/** The password of HTTP Basic; whoever asks for one need not give a user. RFC 7617. */
function passwordOf(encoded: string): string {
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  return text.slice(text.indexOf(':') + 1);
}
