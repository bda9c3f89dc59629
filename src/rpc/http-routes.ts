import { HubError, messageOf } from '../base/error.ts';
import type { Caller } from '../security/authenticator.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { AccessControl } from './access-control.ts';
import { wireErrorFrom } from './error-mapping.ts';
import { answer, type NodeRequest, type NodeResponse, pathOf } from './node-http.ts';
import { refuse, wantsRpc } from './refusal.ts';
import type { Readiness } from './readiness.ts';

export interface HttpRoutesOptions {
  readonly readiness: Readiness;
  readonly metrics: Metrics;
  readonly access: Pick<AccessControl, 'admitToPage'>;
  /** Full names of the services served, for the page at `/`. */
  readonly services: readonly string[];
  /** Largest of the hub's version; shown at `/`. */
  readonly version: string;
}

type Route = (request: NodeRequest, response: NodeResponse) => Promise<void> | void;

/** Answers a request for anything that is no RPC. */
export type PageHandler = (request: NodeRequest, response: NodeResponse, caller: Caller) => void;

/** What supervisors and load balancers ask without credentials: it tells whether the hub works and nothing else. */
const openPaths = ['/livez', '/readyz'];

/** Plain HTTP beside the RPCs: `/`, `/livez`, `/readyz`, `/metrics`; everything else is told what there is. */
export function createHttpRoutes(options: HttpRoutesOptions): PageHandler {
  const { readiness, metrics, access } = options;
  const routes = new Map<string, Route>([
    ['/', (_request, response) => text(response, 200, frontPage(options))],
    ['/livez', (_request, response) => json(response, 200, { status: 'ok' })],
    [
      '/readyz',
      async (_request, response) => {
        const report = await readiness.report();
        json(response, report.ready ? 200 : 503, report);
      },
    ],
    [
      '/metrics',
      async (_request, response) => {
        const { contentType, body } = await metrics.exposition();
        answer(response, 200, { 'content-type': contentType, 'cache-control': 'no-store' }, body);
      },
    ],
  ]);

  return (request, response, caller) => {
    const path = pathOf(request);
    const route = routes.get(path);
    if (route === undefined) {
      notFound(request, response, path);
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      text(response, 405, `${path} takes GET, not ${request.method ?? ''}.\n`);
      return;
    }
    try {
      if (!openPaths.includes(path)) access.admitToPage(path, caller);
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
      deny(response, error);
      return;
    }
    Promise.resolve(route(request, response)).catch((error: unknown) => {
      text(response, 500, `The hub could not answer: ${messageOf(error)}\n`);
    });
  };
}

function notFound(request: NodeRequest, response: NodeResponse, path: string): void {
  const shown = path.slice(0, 200);
  if (wantsRpc(request)) {
    const message = `The hub has no method ${shown}; a method's path is /<package>.<Service>/<Method>. List the services with: grpcurl -plaintext HOST:PORT list`;
    refuse(
      request,
      response,
      wireErrorFrom(new HubError({ reason: 'NOT_IMPLEMENTED', message, metadata: { method: shown } })),
    );
    return;
  }
  text(
    response,
    404,
    `There is nothing at ${shown}.\nThere is: /, /livez, /readyz, /metrics, and POST /<package>.<Service>/<Method> with content-type application/json for the RPCs.\n`,
  );
}

/** Browsers answer the first challenge with a form for user and password; the key is the password. */
function deny(response: NodeResponse, { reason, message }: HubError): void {
  const unknown = reason === 'UNAUTHENTICATED';
  if (unknown) response.setHeader('www-authenticate', 'Basic realm="switchyard", charset="UTF-8"');
  const hint = unknown ? 'In a browser, give the key as the password; the user name does not matter.\n' : '';
  text(response, unknown ? 401 : 403, `${message}\n${hint}`);
}

function frontPage({ services, version }: HttpRoutesOptions): string {
  return [
    `Switchyard ${version}: a gRPC hub that connects systems which speak different protocols.`,
    '',
    'This port speaks gRPC, gRPC-Web and Connect (JSON or binary), over HTTP/1.1 and HTTP/2.',
    '',
    'Services:',
    ...services.map((service) => `  ${service}`),
    '',
    'Try:',
    '  grpcurl -plaintext HOST:PORT list',
    "  curl -H 'content-type: application/json' -d '{}' http://HOST:PORT/switchyard.registry.v1.RegistryService/ListSystems",
    '',
    'For machines: /livez, /readyz, /metrics',
    'Documentation: the docs folder of the repository, and docs/errors.md for each error reason.',
    '',
  ].join('\n');
}

function text(response: NodeResponse, status: number, body: string): void {
  answer(
    response,
    status,
    { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
    body,
  );
}

function json(response: NodeResponse, status: number, body: unknown): void {
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
  answer(response, status, headers, `${JSON.stringify(body)}\n`);
}
