import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Evidence } from '../security/authenticator.ts';
import { type ClientCertificate, readClientCertificate } from '../security/client-certificate.ts';
import { headerOf, isHttp2, type NodeRequest } from './node-http.ts';

/** Reads what requests show of who sends them. */
export interface EvidenceReader {
  read(request: NodeRequest, options: { readonly allowsBasic: boolean }): Evidence;
}

/** Certificates are read once for each connection. */
export function createEvidenceReader(): EvidenceReader {
  const certificates = new WeakMap<object, { readonly certificate: ClientCertificate | undefined }>();
  return {
    read(request, { allowsBasic }) {
      const connection = isHttp2(request) ? request.stream.session : request.socket;
      // A session whose connection is gone has no socket, and its request no reader.
      const socket = isHttp2(request) ? request.stream.session?.socket : request.socket;
      let known = connection === undefined ? undefined : certificates.get(connection);
      if (known === undefined) {
        known = { certificate: socket === undefined ? undefined : certificateOf(socket) };
        if (connection !== undefined) certificates.set(connection, known);
      }
      return {
        header: (name) => headerOf(request, name),
        address: socket?.remoteAddress ?? '',
        certificate: known.certificate,
        allowsBasic,
      };
    },
  };
}

function certificateOf(socket: Socket | TLSSocket): ClientCertificate | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return undefined;
  return readClientCertificate(
    certificate,
    socket.authorized ? undefined : String(socket.authorizationError),
  );
}
