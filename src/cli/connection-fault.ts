import { connect } from 'node:tls';

/** What is wrong with the way to the hub. */
export interface ConnectionFault {
  readonly reason: 'HUB_UNREACHABLE' | 'HUB_TLS_FAILED';
  readonly message: string;
}

/** How long the question whether a port speaks TLS may take. */
const questionTimeoutMs = 2_000;

/** What a broken connection means, and what to do. `thrown`: the error with its causes. */
export function connectionFault(thrown: unknown, hubUrl: string): ConnectionFault {
  const codes = errorCodes(thrown);
  const tls = codes.map((code) => tlsText(code, hubUrl)).find((text) => text !== undefined);
  if (tls !== undefined) return { reason: 'HUB_TLS_FAILED', message: tls };
  const why = codes.map(networkText).find((text) => text !== undefined) ?? rawText(thrown);
  return {
    reason: 'HUB_UNREACHABLE',
    message: `no hub at ${hubUrl} (${why}). Start one with \`switchyard serve\`, or name another with --hub, SWITCHYARD_HUB or --context`,
  };
}

/**
 * Whether plain http was spoken to a port that speaks TLS: such a port only breaks the connection, so it is asked.
 * False for https, and when there is no answer within 2 s.
 */
export async function isPlainToTls(hubUrl: string): Promise<boolean> {
  const { protocol, hostname, port } = new URL(hubUrl);
  if (protocol !== 'http:') return false;
  return new Promise((resolve) => {
    const host = hostname.replace(/^\[|\]$/g, '');
    const socket = connect({
      host,
      port: Number(port === '' ? 80 : port),
      // Nothing is sent over it: this only asks for the language.
      rejectUnauthorized: false,
      ALPNProtocols: ['h2'],
      timeout: questionTimeoutMs,
    });
    const end = (answer: boolean) => (): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('secureConnect', end(true)).once('timeout', end(false));
    socket.once('error', (error: NodeJS.ErrnoException) =>
      // An alert is TLS as well; ERR_SSL_WRONG_VERSION_NUMBER and its like are not.
      end(/_ALERT_/.test(error.code ?? ''))(),
    );
  });
}

/** The text for {@link isPlainToTls}. */
export function plainToTlsFault(hubUrl: string): ConnectionFault {
  return {
    reason: 'HUB_TLS_FAILED',
    message: `${hubUrl} is encrypted: write ${hubUrl.replace(/^http:/, 'https:')}, and name the authority of its certificate with --ca when it is not a public one`,
  };
}

function tlsText(code: string, hubUrl: string): string | undefined {
  switch (code) {
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'CERT_SIGNATURE_FAILURE':
    case 'CERT_UNTRUSTED':
      return `the certificate of ${hubUrl} is not signed by an authority that this machine trusts (${code}). Name the authority with --ca FILE, or in the context`;
    case 'CERT_HAS_EXPIRED':
      return `the certificate of ${hubUrl} has expired. Renew it on the hub; it reads the file again by itself. Also check the clock of this machine`;
    case 'CERT_NOT_YET_VALID':
      return `the certificate of ${hubUrl} is not valid yet. Check the clocks of both machines`;
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `the certificate of ${hubUrl} is for another name. Use a name that it has, or give the hub one for this name`;
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
    case 'ERR_SSL_HTTP_REQUEST':
    case 'ERR_SSL_RECORD_LAYER_FAILURE':
      return `${hubUrl} is not encrypted: write ${hubUrl.replace(/^https:/, 'http:')}, or turn TLS on at the hub`;
    case 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED':
    case 'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE':
      return `${hubUrl} asks for a client certificate: give one with --cert FILE and --key FILE`;
    case 'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA':
    case 'ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE':
    case 'ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN':
    case 'ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED':
      return `${hubUrl} does not accept the client certificate (${code}): give one of an authority that the hub trusts with --cert and --key`;
    case 'ERR_OSSL_X509_KEY_VALUES_MISMATCH':
      return 'the key of --key does not belong to the certificate of --cert';
    default:
      return /^ERR_(?:SSL|TLS|OSSL)_|^CERT_/.test(code)
        ? `no encrypted connection to ${hubUrl} (${code}). Check its address, and --ca, --cert and --key`
        : undefined;
  }
}

function networkText(code: string): string | undefined {
  switch (code) {
    case 'ECONNREFUSED':
      return 'connection refused';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'the name is not known';
    case 'ECONNRESET':
      return 'the connection was reset';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'the network has no way to it';
    case 'ETIMEDOUT':
      return 'it does not answer';
    case 'ERR_HTTP2_ERROR':
      return 'it does not speak gRPC';
    default:
      return undefined;
  }
}

/** Codes of an error and of its causes, the outermost first. */
function errorCodes(thrown: unknown): readonly string[] {
  const codes: string[] = [];
  // At most eight deep: a cause may lead back to its error.
  for (let error = thrown, depth = 0; error instanceof Error && depth < 8; error = error.cause, depth += 1) {
    if ('code' in error && typeof error.code === 'string') codes.push(error.code);
  }
  return codes;
}

function rawText(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const text =
    'rawMessage' in thrown && typeof thrown.rawMessage === 'string' ? thrown.rawMessage : thrown.message;
  return text.startsWith('http/2 stream closed')
    ? 'it broke the connection off; it may not speak gRPC'
    : text;
}
