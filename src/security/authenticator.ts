import type { HubError } from '../base/error.ts';
import type { ClientCertificate } from './client-certificate.ts';
import type { Principal } from './principal.ts';

/** What a request shows of who sends it. */
export interface Evidence {
  /** A header by its lower-case name. */
  header(name: string): string | undefined;
  /** Where the connection comes from: an IP address. Behind a proxy, the proxy's. */
  readonly address: string;
  /** The certificate that the client showed in the handshake; undefined for none. */
  readonly certificate: ClientCertificate | undefined;
  /** Whether a browser may show a key as the password of HTTP Basic: for pages, never for RPCs. */
  readonly allowsBasic: boolean;
}

/** What one way of authentication says about a request. */
export type Finding =
  | { readonly principal: Principal }
  /**
   * It recognised the credential and refuses it. `why` is for the caller, without secrets; `credential` is the part of
   * it that may be logged.
   */
  | { readonly refused: string; readonly credential: string };

/**
 * One way to show who is calling. Others (JWT, OAuth2) join the list as further ones of these. Undefined means that
 * the request holds nothing of its kind; the next one is asked then.
 */
export interface Authenticator {
  /** For people who are to choose a credential: `an API key (authorization: Bearer sw_…)`. */
  readonly offer: string;
  authenticate(evidence: Evidence): Finding | undefined | Promise<Finding | undefined>;
}

/** Who sends a request, as far as that is known. */
export interface Caller {
  /** Undefined: nobody that the hub knows. `refusal` says why then. */
  readonly principal: Principal | undefined;
  /** UNAUTHENTICATED; set exactly when there is no principal. */
  readonly refusal: HubError | undefined;
  /** What was shown, as far as it may be logged; empty for nothing. */
  readonly credential: string;
  readonly address: string;
}

/** Finds out who sends a request. Never rejects because of what the request holds. */
export interface Authentication {
  /** Whether callers are asked at all. */
  readonly enabled: boolean;
  caller(evidence: Evidence): Promise<Caller>;
}
