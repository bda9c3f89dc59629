import { HubError, messageOf } from '../base/error.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { wireErrorFrom } from './error-mapping.ts';
import { answer, type NodeRequest, type NodeResponse, pathOf, type RequestHandler } from './node-http.ts';
import { refuse, wantsRpc } from './refusal.ts';
import type { Readiness } from './readiness.ts';

export interface HttpRoutesOptions {
  readonly readiness: Readiness;
  readonly metrics: Metrics;
  /** Full names of the services served, for the page at `/`. */
  readonly services: readonly string[];
  /** Largest of the hub's version; shown at `/`. */
  readonly version: string;
}

type Route = (request: NodeRequest, response: NodeResponse) => Promise<void> | void;

/** Plain HTTP beside the RPCs: `/`, `/livez`, `/readyz`, `/metrics`; everything else is told what there is. */
export function createHttpRoutes(options: HttpRoutesOptions): RequestHandler {
  const { readiness, metrics } = options;
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

  return (request, response) => {
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

function frontPage({ services, version }: HttpRoutesOptions): string {
  return [
    `Switchyard ${version}: a gRPC hub that connects systems which speak different protocols.`,
    '',
    'This port speaks gRPC, gRPC-Web and Connect (JSON or binary), over HTTP/1.1 and HTTP/2 without TLS.',
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
