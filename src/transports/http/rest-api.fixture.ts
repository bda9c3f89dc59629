import type { ServerResponse } from 'node:http';
import { type HttpRequestSeen, type HttpTarget, startHttpTarget } from '../fixtures/http-server.fixture.ts';

/** The token that the API wants in the header `X-Api-Key`. */
export const apiToken = 's3cret-token';

/** A public-style REST API that knows nothing of the hub: a token header, three kinds of pages, errors as JSON. */
export function startRestApi(): Promise<HttpTarget> {
  const pets = new Map(
    Array.from({ length: 25 }, (_, index) => [
      String(index + 1),
      { id: index + 1, name: `pet ${index + 1}` },
    ]),
  );
  return startHttpTarget((response, request) => {
    const url = new URL(request.path, 'http://api');
    const respond = (status: number, body: unknown, headers: Record<string, string> = {}): void => {
      response
        .writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers })
        .end(body === undefined ? undefined : JSON.stringify(body));
    };
    if (request.headers['x-api-key'] !== apiToken) {
      respond(401, { error: { code: 'unauthorized', message: 'a valid X-Api-Key is needed' } });
      return;
    }
    serve(response, request, { url, pets, respond });
  });
}

function serve(
  response: ServerResponse,
  request: HttpRequestSeen,
  {
    url,
    pets,
    respond,
  }: {
    url: URL;
    pets: Map<string, unknown>;
    respond: (status: number, body: unknown, headers?: Record<string, string>) => void;
  },
): void {
  const all = [...pets.values()];
  const parameter = (name: string, fallback: number): number =>
    Number(url.searchParams.get(name) ?? fallback);
  const slice = (from: number, size: number): unknown[] => all.slice(from, from + size);
  const [, , id] = url.pathname.split('/');
  switch (`${request.method} ${url.pathname.replace(/^\/pets\/[^/]+$/, '/pets/:id')}`) {
    case 'GET /by-cursor': {
      const from = parameter('after', 0);
      const more = from + 10 < all.length;
      respond(200, { data: slice(from, 10), next: more ? String(from + 10) : null });
      return;
    }
    case 'GET /by-page':
      respond(200, slice((parameter('page', 1) - 1) * parameter('per_page', 10), parameter('per_page', 10)));
      return;
    case 'GET /by-link': {
      const page = parameter('page', 1);
      const links = [
        `</by-link?page=1>; rel="first"`,
        ...(page < 3 ? [`</by-link?page=${page + 1}&size=10>; rel="next"`] : []),
      ];
      respond(200, slice((page - 1) * 10, 10), { link: links.join(', '), etag: '"one page"' });
      return;
    }
    case 'GET /pets/:id': {
      const pet = pets.get(decodeURIComponent(id ?? ''));
      if (pet === undefined) respond(404, { error: { code: 'no_such_pet', message: `no pet ${id}` } });
      else respond(200, pet);
      return;
    }
    case 'POST /pets':
      respond(201, { id: 26, ...(JSON.parse(request.body.toString()) as object) }, { location: '/pets/26' });
      return;
    case 'DELETE /pets/:id':
      response.writeHead(204).end();
      return;
    case 'GET /broken':
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"half":');
      return;
    case 'GET /latin':
      response.writeHead(200, { 'content-type': 'application/json' }).end(Buffer.from('"caf\xe9"', 'latin1'));
      return;
    case 'GET /busy':
      respond(503, { error: { code: 'busy' } }, { 'retry-after': '2' });
      return;
    default:
      respond(200, { method: request.method, path: request.path, body: request.body.toString() });
  }
}
