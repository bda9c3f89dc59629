import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Context, createContext, runInContext, Script } from 'node:vm';
import { codeOf } from '../connect-fault.ts';
import { evaluationMsMax, expressionLengthMax } from '../limits.ts';
import { MappingFault } from './mapping-fault.ts';

/** Items of one sequence, nested calls, and characters of one text that an expression may make. */
const sequenceMax = 100_000;
const nestingMax = 300;
const textLengthMax = 4 * 1024 * 1024;

/** A JSONata expression that parsed. Use it with the {@link Expressions} that compiled it. */
export interface Expression {
  readonly text: string;
  readonly compiled: unknown;
  /** True when it calls functions, which JSONata's own guard does not interrupt. */
  readonly watched: boolean;
}

export type CompiledExpression =
  | { readonly ok: true; readonly expression: Expression }
  /** What is wrong, and where. */
  | { readonly ok: false; readonly problem: string };

type Outcome = { readonly value: unknown } | { readonly thrown: unknown };

interface Sandbox {
  readonly context: Context;
  compile(text: string): unknown;
  /** Starts all; their outcomes are there when the context's microtasks have run. */
  start(compiled: readonly unknown[], input: unknown): (Outcome | undefined)[];
}

/**
 * Compiles and evaluates JSONata expressions, bounded in time, depth and size. JSONata runs in a context of its own
 * whose microtasks end with each evaluation: so an evaluation is synchronous, no two of them share their time, and
 * even a regular expression that never ends is interrupted. `$eval` is switched off: a payload is data, not code.
 */
export class Expressions {
  #sandbox: Sandbox | undefined;

  compile(text: string): CompiledExpression {
    if (text.trim() === '') return { ok: false, problem: 'the expression is empty' };
    if (text.length > expressionLengthMax)
      return {
        ok: false,
        problem: `the expression has ${text.length} characters, at most ${expressionLengthMax} are allowed`,
      };
    const sandbox = (this.#sandbox ??= createSandbox());
    try {
      const compiled = sandbox.compile(text);
      return {
        ok: true,
        expression: { text, compiled, watched: /[$/~|λ]|\*\*|\.\.|function/.test(text) },
      };
    } catch (thrown) {
      return { ok: false, problem: `is not JSONata: ${faultText(thrown)}` };
    }
  }

  /**
   * The values of named expressions over one input; undefined where an expression finds nothing. Throws
   * {@link MappingFault} naming the first that fails.
   */
  evaluate<Name extends string>(
    expressions: Readonly<Partial<Record<Name, Expression>>>,
    input: unknown,
  ): Partial<Record<Name, unknown>> {
    const entries = Object.entries<Expression | undefined>(expressions).flatMap(([name, expression]) =>
      expression === undefined ? [] : [[name as Name, expression] as const],
    );
    const values: Partial<Record<Name, unknown>> = {};
    const [first] = entries;
    if (first === undefined) return values;
    const outcomes = this.#run(
      entries.map(([, expression]) => expression),
      input,
      first[0],
    );
    for (const [index, [name]] of entries.entries()) {
      const outcome = outcomes[index];
      if (outcome === undefined) throw new MappingFault(name, 'the expression did not end');
      if ('thrown' in outcome) throw new MappingFault(name, faultText(outcome.thrown));
      values[name] = outcome.value;
    }
    return values;
  }

  #run(expressions: readonly Expression[], input: unknown, field: string): (Outcome | undefined)[] {
    const sandbox = (this.#sandbox ??= createSandbox());
    try {
      return runStart(sandbox, expressions, input);
    } catch (thrown) {
      if (codeOf(thrown) !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw new MappingFault(field, faultText(thrown));
      throw new MappingFault(field, `the expression took longer than ${evaluationMsMax} ms`);
    }
  }
}

const startScript = new Script('outcomes = start(compiled, input)');

function runStart(
  { context, start }: Sandbox,
  expressions: readonly Expression[],
  input: unknown,
): (Outcome | undefined)[] {
  context['start'] = start;
  context['compiled'] = expressions.map(({ compiled }) => compiled);
  context['input'] = input;
  try {
    // The watchdog costs a thread; JSONata's own guard is enough for expressions that call nothing.
    startScript.runInContext(
      context,
      expressions.some(({ watched }) => watched) ? { timeout: evaluationMsMax } : {},
    );
    return context['outcomes'] as (Outcome | undefined)[];
  } finally {
    context['compiled'] = context['input'] = context['outcomes'] = undefined;
  }
}

function createSandbox(): Sandbox {
  const context = createContext(
    {},
    { microtaskMode: 'afterEvaluate', codeGeneration: { strings: false, wasm: false } },
  );
  const file = createRequire(import.meta.url).resolve('jsonata');
  runInContext(
    `var module = { exports: {} }, exports = module.exports;${readFileSync(file, 'utf8')}`,
    context,
    { filename: file },
  );
  const made: unknown = runInContext(
    `({
      compile(text) {
        const expression = module.exports(text, { timeout: ${evaluationMsMax}, stack: ${nestingMax}, sequence: ${sequenceMax} });
        expression.assign('eval', undefined);
        expression.assign(Symbol.for('jsonata.__evaluate_exit'), (node, from, environment, result) => {
          if (typeof result === 'string' && result.length > ${textLengthMax})
            throw { message: 'a text of more than ${textLengthMax} characters' };
        });
        return expression;
      },
      start(compiled, input) {
        const outcomes = compiled.map(() => undefined);
        compiled.forEach((expression, index) => {
          expression.evaluate(input).then(
            (value) => { outcomes[index] = { value }; },
            (thrown) => { outcomes[index] = { thrown }; },
          );
        });
        return outcomes;
      },
    })`,
    context,
  );
  return { context, ...(made as Omit<Sandbox, 'context'>) };
}

/** What JSONata throws is an object of another realm: a text, and where in the expression. */
function faultText(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null) return String(thrown);
  const { message, position } = thrown as { message?: unknown; position?: unknown };
  const text = typeof message === 'string' ? message : 'unknown cause';
  return typeof position === 'number' ? `${text} (at character ${position})` : text;
}
