import { HubError } from '../base/error.ts';
import type { Authentication, Authenticator, Caller } from './authenticator.ts';
import { type Principal, unchecked } from './principal.ts';

/** A hub that asks nobody: every caller may do everything. */
export const noAuthentication: Authentication = {
  enabled: false,
  caller: async ({ address }) => ({ principal: unchecked, refusal: undefined, credential: '', address }),
};

/**
 * Asks each way in turn; the first that recognises a credential decides, so that a bad key is refused although a good
 * certificate stands behind it. A request that shows nothing is from `anonymous`, or refused when that is undefined.
 *
 * Nobody is locked out after failures: a secret of 256 bits cannot be guessed, and a bound by address would let one
 * broken client behind a gateway shut out all others there. What failures could do is flood the log; audit.ts bounds
 * that.
 */
export function createAuthentication(options: {
  readonly authenticators: readonly Authenticator[];
  readonly anonymous: Principal | undefined;
}): Authentication {
  const { authenticators, anonymous } = options;
  const offers = authenticators.map(({ offer }) => offer).join(', or ');
  return {
    enabled: true,
    async caller(evidence): Promise<Caller> {
      const { address } = evidence;
      const nobody = (why: string, credential: string): Caller => ({
        principal: undefined,
        refusal: unauthenticated(why),
        credential,
        address,
      });
      for (const authenticator of authenticators) {
        const finding = await authenticator.authenticate(evidence);
        if (finding === undefined) continue;
        if ('refused' in finding) return nobody(finding.refused, finding.credential);
        const { principal } = finding;
        return { principal, refusal: undefined, credential: principal.credential.id, address };
      }
      if (showsSomething(evidence.header('authorization')))
        return nobody(`The authorization header holds nothing that this hub takes; show ${offers}.`, '');
      if (anonymous !== undefined)
        return { principal: anonymous, refusal: undefined, credential: '', address };
      return nobody(`This hub asks who is calling; show ${offers}.`, '');
    },
  };
}

/** A wrong credential is not taken for none: the caller believes to be somebody. */
function showsSomething(authorization: string | undefined): boolean {
  return authorization !== undefined && authorization.trim() !== '';
}

function unauthenticated(message: string): HubError {
  return new HubError({ reason: 'UNAUTHENTICATED', message, executed: 'no' });
}
