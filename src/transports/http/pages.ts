import type { AttemptResult } from '../../base/transport.ts';
import { replyBytesMax, requestTargetLengthMax } from '../limits.ts';
import { exactJsonText, scalarText } from '../mapping/exact-json.ts';
import type { Expressions } from '../mapping/expression.ts';
import { MappingFault } from '../mapping/mapping-fault.ts';
import type { CompiledPagination, CompiledRest } from './compiled-operation.ts';
import type { PaginationSettings } from './http-operation.ts';
import { nextLink } from './link-header.ts';
import { type AnswerInput, answerInputOf, badReply, mappedReplyText } from './rest-reply.ts';
import { type PreparedRequest, requestTarget } from './rest-request.ts';

/** Says in the reply that there were more: by which bound the list was cut. */
export const truncatedHeader = 'switchyard-truncated';
/** Says in the reply how many pages were asked for. */
export const pagesHeader = 'switchyard-pages';

/** The bound that cut a list. */
type Bound = 'pages' | 'items' | 'bytes';

/** Headers of the last page that say nothing true about the whole list. */
const ofOnePage: ReadonlySet<string> = new Set([
  'link',
  'etag',
  'last-modified',
  'content-range',
  'content-md5',
  'content-digest',
  'digest',
  truncatedHeader,
  pagesHeader,
]);

/**
 * Asks for page after page and collects their items into one reply, within the operation's bounds and 3 MiB; the reply
 * says when a bound cut the list. A page that fails fails the whole, with its own verdict (see laterPage): only reads are
 * collected, so that nothing is lost. `ask` sends one request and never rejects; the attempt's deadline bounds all of them.
 */
export async function collectPages(
  { pagination, reply }: CompiledRest & { readonly pagination: CompiledPagination },
  request: PreparedRequest,
  {
    origin,
    expressions,
    ask,
  }: {
    /** The only origin that is asked: `http://host:port`. */
    readonly origin: string;
    readonly expressions: Expressions;
    ask(target: string): Promise<AttemptResult>;
  },
): Promise<AttemptResult> {
  const collected = new Items(pagination.settings.max_items);
  const course = new Course(pagination.settings, request, origin);
  let target: string | undefined = course.first();
  for (let page = 1; ; page += 1) {
    const result = await ask(target);
    if (result.verdict !== 'OK' || result.reply === undefined)
      return page === 1 ? result : laterPage(result, page);
    try {
      const answer = answerInputOf(result.reply);
      const values = expressions.evaluate(pagination.expressions, answer);
      const items = itemsOf(pagination, answer, values['pagination.items']);
      let cutBy = collected.add(items);
      target = course.next(target, { answer, items: items.length, cursor: values['pagination.cursor'] });
      if (target !== undefined && page >= pagination.settings.max_pages) cutBy ??= 'pages';
      if (target !== undefined && cutBy === undefined) continue;
      const data =
        reply === undefined
          ? collected.text()
          : mappedReplyText(
              reply,
              {
                items: collected.values,
                pages: page,
                ...(cutBy === undefined ? {} : { truncated: cutBy }),
              },
              expressions,
            );
      return {
        ...result,
        reply: {
          status: result.reply.status,
          contentType: 'application/json',
          headers: {
            ...Object.fromEntries(
              Object.entries(result.reply.headers).filter(([name]) => !ofOnePage.has(name)),
            ),
            [pagesHeader]: String(page),
            ...(cutBy === undefined ? {} : { [truncatedHeader]: cutBy }),
          },
          data: Buffer.from(data),
        },
      };
    } catch (thrown) {
      return badReply({ ...result, detail: `page ${page}: ${result.detail}` }, thrown);
    }
  }
}

/** How a later page failed. That it was not reached says nothing about the pages before it, which were given out. */
function laterPage(result: AttemptResult, page: number): AttemptResult {
  return {
    ...result,
    verdict: result.verdict === 'NOT_REACHED' ? 'MAY_HAVE_ACTED' : result.verdict,
    detail: `page ${page}: ${result.detail}`,
  };
}

/** Items so far, as values and as JSON, bounded in number and bytes. */
class Items {
  readonly values: unknown[] = [];
  readonly #texts: string[] = [];
  readonly #itemsMax: number;
  /** Of the list so far: brackets, items and commas. */
  #bytes = 2;

  constructor(itemsMax: number) {
    this.#itemsMax = itemsMax;
  }

  /** Takes what fits; the bound that was met when not all did. */
  add(items: readonly unknown[]): Bound | undefined {
    for (const item of items) {
      if (this.values.length >= this.#itemsMax) return 'items';
      const text = exactJsonText(item, 'pagination.items', replyBytesMax);
      const bytes = Buffer.byteLength(text) + (this.values.length === 0 ? 0 : 1);
      if (this.#bytes + bytes > replyBytesMax) return 'bytes';
      this.#bytes += bytes;
      this.values.push(item);
      this.#texts.push(text);
    }
    return undefined;
  }

  text(): string {
    return `[${this.#texts.join(',')}]`;
  }
}

/** Which page comes next. Throws {@link MappingFault} for a next page that must not or cannot be asked for. */
class Course {
  readonly #settings: PaginationSettings;
  readonly #request: PreparedRequest;
  readonly #origin: string;
  /** Targets that were asked for: at most as many as pages. */
  readonly #asked = new Set<string>();
  #number: number;

  constructor(settings: PaginationSettings, request: PreparedRequest, origin: string) {
    this.#settings = settings;
    this.#request = request;
    this.#origin = origin;
    this.#number = settings.kind === 'page' ? settings.start : 0;
  }

  first(): string {
    return this.#settings.kind === 'page'
      ? this.#with(this.#settings.parameter, String(this.#number))
      : requestTarget(this.#request.path, this.#request.query);
  }

  /** Undefined: that was the last page. */
  next(
    asked: string,
    page: { readonly answer: AnswerInput; readonly items: number; readonly cursor: unknown },
  ): string | undefined {
    this.#asked.add(asked);
    const target = this.#after(asked, page);
    if (target !== undefined && this.#asked.has(target))
      throw new MappingFault('pagination', 'the target names a page as the next that it gave before');
    return target;
  }

  #after(
    asked: string,
    { answer, items, cursor }: { answer: AnswerInput; items: number; cursor: unknown },
  ): string | undefined {
    const settings = this.#settings;
    switch (settings.kind) {
      case 'cursor': {
        if (cursor === undefined || cursor === null || cursor === '' || cursor === false) return undefined;
        const text = scalarText(cursor);
        if (text === undefined)
          throw new MappingFault('pagination.cursor', 'gives a list or an object; a cursor is one text');
        return this.#with(settings.parameter, text);
      }
      case 'page':
        if (items === 0 || (settings.size !== undefined && items < settings.size)) return undefined;
        this.#number += settings.step;
        return this.#with(settings.parameter, String(this.#number));
      case 'link': {
        const link = nextLink(answer.headers['link']);
        return link === undefined ? undefined : this.#linked(asked, link);
      }
    }
  }

  /** The request's target with one query parameter set. */
  #with(name: string, value: string): string {
    const { path, query } = this.#request;
    return requestTarget(path, [...query.filter(([other]) => other !== name), [name, value]]);
  }

  /** Credentials of the interface go to its own origin only. */
  #linked(asked: string, link: string): string {
    const url = URL.parse(link, this.#origin + asked);
    if (url === null) throw new MappingFault('pagination', 'the link to the next page is no URI');
    if (url.origin !== this.#origin)
      throw new MappingFault(
        'pagination',
        `the next page is on ${url.origin.slice(0, 200)}, and only ${this.#origin} is asked; register the origin that the links name`,
      );
    const target = url.pathname + url.search;
    if (target.length > requestTargetLengthMax || target.startsWith('//'))
      throw new MappingFault('pagination', 'the link to the next page cannot be asked for');
    return target;
  }
}

/** The items of one page: what the expression gives, or the body, which must be a list then. */
function itemsOf(
  { expressions }: CompiledPagination,
  { body }: AnswerInput,
  found: unknown,
): readonly unknown[] {
  if ('pagination.items' in expressions) {
    // JSONata gives the only item of a list as it is, and an empty list as nothing.
    if (found === undefined || found === null) return [];
    return Array.isArray(found) ? found : [found];
  }
  if (!Array.isArray(body))
    throw new MappingFault('pagination.items', 'the body is no list; say where the items are');
  return body;
}
