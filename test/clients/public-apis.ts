import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The tokens that the servers take. */
export const githubToken = 'ghp_0123456789abcdefghij';
export const stripeKey = 'sk_test_0123456789abcdef';

/** One request as a server saw it. */
interface Seen {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
  /** Acts, and breaks the connection off instead of answering. */
  readonly broken?: boolean;
}

/** A server of a public API, on a free port of 127.0.0.1. */
export interface PublicApi extends AsyncDisposable {
  readonly url: string;
  /** `METHOD /path?query` of every request, in order. */
  readonly requests: readonly string[];
}

async function serve(answer: (seen: Seen, url: string) => Answer): Promise<PublicApi> {
  const requests: string[] = [];
  let url = '';
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      requests.push(`${request.method ?? ''} ${request.url ?? ''}`);
      const body = Buffer.concat(chunks).toString('utf8');
      const method = request.method ?? '';
      const answered = answer(
        { method, url: new URL(request.url ?? '/', url), headers: request.headers, body },
        url,
      );
      if (answered.broken === true) {
        response.destroy();
        return;
      }
      response.writeHead(answered.status, {
        'content-type': 'application/json; charset=utf-8',
        ...answered.headers,
      });
      response.end(JSON.stringify(answered.body));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    requests,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/**
 * The part of GitHub's REST API that examples/third-party/github.yaml uses, after https://docs.github.com/rest: token,
 * User-Agent, `Link` pages, numbered pages, 404, 422, and a rate limit (the first search of each query is told to wait).
 */
export function startGithub(issueCount: number): Promise<PublicApi> {
  const issues = Array.from({ length: issueCount }, (_, index) => ({
    number: index + 1,
    title: `Issue ${index + 1}`,
    state: index % 10 === 9 ? 'closed' : 'open',
    labels: index % 100 === 0 ? [{ name: 'bug' }, { name: 'good first issue' }] : [],
  }));
  const limited = new Set<string>();
  const refusal = (status: number, message: string, more: object = {}): Answer => ({
    status,
    body: {
      message,
      ...more,
      documentation_url: 'https://docs.github.com/rest',
      status: String(status),
    },
  });
  const page = (url: URL) => {
    const size = Math.min(Number(url.searchParams.get('per_page') ?? 30), 100);
    const number = Number(url.searchParams.get('page') ?? 1);
    return { size, number, from: (number - 1) * size };
  };

  return serve(({ method, url, headers, body }, origin) => {
    if (headers['user-agent'] === undefined) return { status: 403, body: 'Request forbidden' };
    if (headers.authorization === undefined) return refusal(401, 'Requires authentication');
    if (headers.authorization !== `Bearer ${githubToken}`) return refusal(401, 'Bad credentials');
    if (headers['x-github-api-version'] !== '2022-11-28') return refusal(400, 'No such version');

    if (url.pathname === '/search/issues' && method === 'GET') {
      const query = url.searchParams.get('q') ?? '';
      if (!limited.has(query)) {
        limited.add(query);
        const wait = { 'retry-after': '1', 'x-ratelimit-remaining': '0' };
        return { ...refusal(429, 'You have exceeded a secondary rate limit'), headers: wait };
      }
      const { from, size } = page(url);
      const found = issues.filter(({ title }) => title.includes(query));
      const items = found.slice(from, from + size);
      return { status: 200, body: { total_count: found.length, incomplete_results: false, items } };
    }
    const [, owner, repo, rest] =
      /^\/repos\/([^/]+)\/([^/]+)(\/issues)?$/.exec(decodeURI(url.pathname)) ?? [];
    if (owner !== 'octo' || repo !== 'hello world') return refusal(404, 'Not Found');
    if (rest === undefined && method === 'GET') {
      const license = { key: 'mit', spdx_id: 'MIT' };
      return { status: 200, body: { id: 1, full_name: `${owner}/${repo}`, stargazers_count: 80, license } };
    }
    if (rest === '/issues' && method === 'GET') {
      const state = url.searchParams.get('state') ?? 'open';
      const labels = url.searchParams.get('labels')?.split(',') ?? [];
      const found = issues.filter(
        (issue) =>
          (state === 'all' || issue.state === state) &&
          labels.every((label) => issue.labels.some(({ name }) => name === label)),
      );
      const { from, size, number } = page(url);
      const link = (to: number, rel: string): string => {
        const at = new URL(url.pathname + url.search, origin);
        at.searchParams.set('page', String(to));
        return `<${at.href}>; rel="${rel}"`;
      };
      const last = Math.ceil(found.length / size);
      const links = [
        ...(number > 1 ? [link(number - 1, 'prev'), link(1, 'first')] : []),
        ...(number < last ? [link(number + 1, 'next'), link(last, 'last')] : []),
      ];
      return { status: 200, headers: { link: links.join(', ') }, body: found.slice(from, from + size) };
    }
    if (rest === '/issues' && method === 'POST') {
      const asked = JSON.parse(body) as { title?: string };
      if (asked.title === undefined)
        return refusal(422, 'Validation Failed', {
          errors: [{ resource: 'Issue', field: 'title', code: 'missing_field' }],
        });
      const number = issues.push({
        number: issues.length + 1,
        title: asked.title,
        state: 'open',
        labels: [],
      });
      const location = `https://api.github.com/repos/octo/hello world/issues/${number}`;
      return { status: 201, headers: { location: encodeURI(location) }, body: { ...issues.at(-1) } };
    }
    return refusal(405, 'Method not allowed');
  });
}

/**
 * The part of Stripe's REST API that examples/third-party/stripe.yaml uses, after https://docs.stripe.com/api: key, forms,
 * lists by cursor, errors in an object, idempotency keys. The first answer to each new customer breaks off.
 */
export function startStripe(customerCount: number): Promise<PublicApi> {
  const customers: { id: string; object: 'customer'; [field: string]: string }[] = Array.from(
    { length: customerCount },
    (_, index) => ({ id: `cus_${index}`, object: 'customer', email: `c${index}@example.com` }),
  );
  const keys = new Map<string, Answer>();
  const refusal = (status: number, message: string, more: object = {}): Answer => ({
    status,
    body: { error: { type: 'invalid_request_error', message, ...more } },
  });

  return serve(({ method, url, headers, body }) => {
    if (headers.authorization !== `Bearer ${stripeKey}`)
      return refusal(401, `Invalid API Key provided: ${String(headers.authorization)}`);
    if (url.pathname === '/v1/customers' && method === 'GET') {
      const limit = Number(url.searchParams.get('limit') ?? 10);
      if (limit > 100) return refusal(400, 'Invalid limit', { param: 'limit' });
      const after = url.searchParams.get('starting_after');
      const from = after === null ? 0 : customers.findIndex(({ id }) => id === after) + 1;
      const data = customers.slice(from, from + limit);
      const hasMore = from + limit < customers.length;
      return { status: 200, body: { object: 'list', url: '/v1/customers', has_more: hasMore, data } };
    }
    if (url.pathname === '/v1/customers' && method === 'POST') {
      if (headers['content-type'] !== 'application/x-www-form-urlencoded') return refusal(400, 'Send a form');
      // Without a key each request is another customer.
      const key = headers['idempotency-key']?.toString() ?? `none ${customers.length}`;
      const earlier = keys.get(key);
      if (earlier !== undefined) return { ...earlier, headers: { 'idempotent-replayed': 'true' } };
      const form = Object.fromEntries(new URLSearchParams(body));
      const customer = { ...form, id: `cus_${customers.length}`, object: 'customer' as const };
      customers.push(customer);
      keys.set(key, { status: 200, body: customer });
      return { status: 200, body: customer, broken: true };
    }
    const id = /^\/v1\/customers\/([^/]+)$/.exec(url.pathname)?.[1];
    const found = customers.find((customer) => customer.id === id);
    if (found === undefined)
      return refusal(404, `No such customer: '${id ?? ''}'`, { code: 'resource_missing', param: 'id' });
    return { status: 200, body: found };
  });
}
