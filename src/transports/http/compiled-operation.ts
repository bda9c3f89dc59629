import { isHeaderName } from '../headers.ts';
import { schemaViolations } from '../issue-violations.ts';
import type { Expression, Expressions } from '../mapping/expression.ts';
import { parseTemplate, type Template } from '../mapping/template.ts';
import { credentialObjection, type SecretText } from '../secret-value.ts';
import {
  envelopeOperation,
  type HttpMethod,
  type PaginationSettings,
  type RestOperation,
  restOperation,
} from './http-operation.ts';
import { framingHeaders, type HttpEnvelope } from './http-settings.ts';
import { parsePath, type PathTemplate } from './path-template.ts';
import type { StatusMeanings } from './verdict.ts';

/** Where the value of a parameter or header comes from. */
export type ValueSource =
  | { readonly from: 'template'; readonly template: Template }
  | { readonly from: 'expression' }
  | { readonly from: 'secret'; readonly secret: SecretText };

export type BodyType = NonNullable<RestOperation['body_type']>;

/** A route's operation, ready to be used. */
export type CompiledOperation = { readonly kind: 'envelope'; readonly envelope: HttpEnvelope } | CompiledRest;

/** An operation that maps the message to one request. */
export interface CompiledRest {
  readonly kind: 'rest';
  readonly method: HttpMethod;
  readonly path: PathTemplate;
  readonly query: readonly (readonly [name: string, source: ValueSource])[];
  /** Names in lower case. */
  readonly headers: readonly (readonly [name: string, source: ValueSource])[];
  /** Undefined: no body. */
  readonly bodyType: BodyType | undefined;
  /** Expressions of the request by field: `query.<name>`, `headers.<name>`, `body`. */
  readonly request: Readonly<Record<string, Expression>>;
  readonly reply: Expression | undefined;
  readonly statuses: StatusMeanings;
  readonly pagination: CompiledPagination | undefined;
}

export interface CompiledPagination {
  readonly settings: PaginationSettings;
  /** `pagination.items` and `pagination.cursor`. */
  readonly expressions: Readonly<Record<string, Expression>>;
}

/** What is wrong with an operation: a path within it, empty for the whole. */
export interface OperationViolation {
  readonly path: string;
  readonly message: string;
}

export type CompileResult =
  | { readonly ok: true; readonly operation: CompiledOperation }
  | { readonly ok: false; readonly violations: readonly OperationViolation[] };

/** Checks an operation and makes it ready; every violation at once. */
export function compileOperation(
  operation: Readonly<Record<string, unknown>>,
  expressions: Expressions,
): CompileResult {
  if ('envelope' in operation) {
    const checked = envelopeOperation.safeParse(operation);
    return checked.success
      ? { ok: true, operation: { kind: 'envelope', envelope: checked.data.envelope } }
      : { ok: false, violations: schemaViolations(envelopeOperation, operation, '') };
  }
  const checked = restOperation.safeParse(operation);
  if (!checked.success) return { ok: false, violations: schemaViolations(restOperation, operation, '') };
  const compiler = new OperationCompiler(checked.data, expressions);
  const compiled = compiler.compile();
  return compiler.violations.length === 0
    ? { ok: true, operation: compiled }
    : { ok: false, violations: compiler.violations };
}

class OperationCompiler {
  readonly violations: OperationViolation[] = [];
  readonly #operation: RestOperation;
  readonly #expressions: Expressions;
  readonly #request: Record<string, Expression> = {};

  constructor(operation: RestOperation, expressions: Expressions) {
    this.#operation = operation;
    this.#expressions = expressions;
  }

  compile(): CompiledRest {
    const { method, path, encoded_slashes, query, headers, success, rejected, not_executed } =
      this.#operation;
    const parsedPath = parsePath(path, encoded_slashes);
    if (!parsedPath.ok) this.#refuse('path', parsedPath.problem);
    return {
      kind: 'rest',
      method,
      path: parsedPath.ok ? parsedPath.path : { segments: [], encodedSlashes: false },
      query: Object.entries(query ?? {}).map(([name, value]) => [name, this.#source('query', name, value)]),
      headers: this.#headers(headers ?? {}),
      bodyType: this.#bodyType(),
      request: this.#request,
      reply: this.#expression('reply', this.#operation.reply),
      statuses: {
        success: success ?? ['2xx'],
        rejected: rejected ?? [],
        notExecuted: not_executed ?? [],
      },
      pagination: this.#pagination(),
    };
  }

  #headers(headers: NonNullable<RestOperation['headers']>): CompiledRest['headers'] {
    const seen = new Set<string>();
    return Object.entries(headers).map(([name, value]) => {
      const lower = name.toLowerCase();
      if (!isHeaderName(lower)) this.#refuse(`headers.${name}`, 'is no header name');
      else if (framingHeaders.test(lower))
        this.#refuse(`headers.${name}`, `${name} is set by the protocol or by the hub; leave it out`);
      else if (seen.has(lower)) this.#refuse(`headers.${name}`, 'is there twice, in other letters');
      seen.add(lower);
      return [lower, this.#source('headers', name, value)];
    });
  }

  #source(
    of: 'query' | 'headers',
    name: string,
    value: NonNullable<RestOperation['query']>[string],
  ): ValueSource {
    const field = `${of}.${name}`;
    if (typeof value !== 'object') {
      if (of === 'headers' && typeof value === 'string' && !/^[\x20-\x7e]*$/.test(value))
        this.#refuse(field, 'a header is visible ASCII text and spaces');
      if (typeof value !== 'string') return { from: 'template', template: [String(value)] };
      // A template that takes the credential from the message holds none itself.
      const objection =
        of === 'headers' && !value.includes('{') ? credentialObjection(name, value) : undefined;
      if (objection !== undefined) this.#refuse(field, objection);
      const parsed = parseTemplate(value);
      if (!parsed.ok) this.#refuse(field, parsed.problem);
      return { from: 'template', template: parsed.ok ? parsed.template : [] };
    }
    if ('secret_ref' in value) {
      if (!/^[\x20-\x7e]*$/.test(`${value.prefix ?? ''}${value.suffix ?? ''}`))
        this.#refuse(field, 'prefix and suffix are visible ASCII text and spaces');
      return { from: 'secret', secret: value };
    }
    const compiled = this.#expression(field, value.expression);
    // The compiled operation and the evaluation know a header by its lower-case name.
    if (compiled !== undefined)
      this.#request[of === 'headers' ? `headers.${name.toLowerCase()}` : field] = compiled;
    return { from: 'expression' };
  }

  #bodyType(): BodyType | undefined {
    const { method, body, body_type } = this.#operation;
    if (method === 'GET' || method === 'HEAD') {
      if (typeof body === 'string') this.#refuse('body', `a ${method} has no body; use query`);
      if (body_type !== undefined) this.#refuse('body_type', `a ${method} has no body; leave it out`);
      return undefined;
    }
    if (body === false && body_type !== undefined)
      this.#refuse('body_type', 'has no meaning with body: false; leave it out');
    if (typeof body === 'string' && body_type === 'raw')
      this.#refuse('body_type', 'raw is the payload as it came; leave body out, or use text');
    if (body === false || (method === 'OPTIONS' && body === undefined && body_type === undefined))
      return undefined;
    const compiled = this.#expression('body', body);
    if (compiled !== undefined) this.#request['body'] = compiled;
    return body_type ?? (body === undefined ? 'raw' : 'json');
  }

  #pagination(): CompiledPagination | undefined {
    const { method, pagination } = this.#operation;
    if (pagination === undefined) return undefined;
    if (method !== 'GET') this.#refuse('pagination', `is for GET only, but the method is ${method}`);
    const expressions: Record<string, Expression> = {};
    const sources = {
      'pagination.items': pagination.items,
      'pagination.cursor': pagination.kind === 'cursor' ? pagination.cursor : undefined,
    };
    for (const [field, text] of Object.entries(sources)) {
      const compiled = this.#expression(field, text);
      if (compiled !== undefined) expressions[field] = compiled;
    }
    return { settings: pagination, expressions };
  }

  #expression(path: string, text: string | false | undefined): Expression | undefined {
    if (typeof text !== 'string') return undefined;
    const compiled = this.#expressions.compile(text);
    if (compiled.ok) return compiled.expression;
    this.#refuse(path, compiled.problem);
    return undefined;
  }

  #refuse(path: string, message: string): void {
    this.violations.push({ path, message });
  }
}
