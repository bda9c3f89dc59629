import { codeToHttpStatus, encodeEndStream, errorJson } from './connect-wire.ts';
import { encodeGrpcMessage, grpcCodes, statusBytes, type WireError } from './error-mapping.ts';
import { answer, headerOf, type NodeRequest, type NodeResponse } from './node-http.ts';

/**
 * Answers a request with an error before any adapter took it, in the form that its content type asks for: trailers
 * only for gRPC and gRPC-Web, an end-of-stream message for Connect streams, Connect's error JSON for everything else
 * (with the HTTP status that belongs to the code, so that curl and browsers understand it too).
 */
export function refuse(request: NodeRequest, response: NodeResponse, error: WireError): void {
  const contentType = (headerOf(request, 'content-type') ?? '').toLowerCase();
  // RFC 9110, section 11.6.1: every 401 says how to authenticate.
  if (error.code === 'UNAUTHENTICATED') response.setHeader('www-authenticate', 'Bearer realm="switchyard"');
  if (contentType.startsWith('application/grpc')) {
    answer(response, 200, {
      'content-type': contentType,
      'grpc-status': String(grpcCodes[error.code]),
      'grpc-message': encodeGrpcMessage(error.message),
      'grpc-status-details-bin': Buffer.from(statusBytes(error)).toString('base64').replace(/=+$/, ''),
    });
  } else if (contentType.startsWith('application/connect+')) {
    answer(response, 200, { 'content-type': contentType }, encodeEndStream(error));
  } else {
    answer(
      response,
      codeToHttpStatus(error.code),
      { 'content-type': 'application/json', 'cache-control': 'no-store' },
      `${JSON.stringify(errorJson(error))}\n`,
    );
  }
}

/** Whether a request wants an RPC: a web page or a curl without a body does not. */
export function wantsRpc(request: NodeRequest): boolean {
  const contentType = (headerOf(request, 'content-type') ?? '').toLowerCase();
  return /^application\/(grpc|connect\+|proto|json)/.test(contentType);
}
