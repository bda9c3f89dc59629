import type { Secrets } from '../../base/secrets.ts';
import type { EndpointDeclaration, SettingViolation } from '../../base/transport.ts';
import { secretViolations } from '../endpoint-violations.ts';
import { LruMap } from '../lru-map.ts';
import type { Expressions } from '../mapping/expression.ts';
import { settingViolations } from '../setting-violations.ts';
import { parseHttpUri } from '../target-address.ts';
import { type CompiledOperation, compileOperation } from './compiled-operation.ts';
import { type HttpSettings, httpSettings } from './http-settings.ts';

/** Interfaces whose compiled settings and routes are kept; the least recently used makes room. */
export const declarationsMax = 1000;

/** An interface's settings and routes, ready to be used. */
export interface CompiledInterface {
  readonly settings: HttpSettings;
  /** In the order of the routes. */
  readonly operations: readonly CompiledOperation[];
}

/** Checks and compiles what registrations declare about HTTP interfaces. */
export class InterfaceDeclarations {
  readonly #secrets: Secrets;
  readonly #expressions: Expressions;
  /** By content, so that an interface registered anew with other routes is another entry. */
  readonly #compiled = new LruMap<CompiledInterface>(declarationsMax);

  constructor(secrets: Secrets, expressions: Expressions) {
    this.#secrets = secrets;
    this.#expressions = expressions;
  }

  /** Every violation at once. */
  check({ uri, settings, routes }: EndpointDeclaration): readonly SettingViolation[] {
    const parsed = parseHttpUri(uri);
    const withoutTls = parsed.ok && !parsed.address.tls && settings['tls'] !== undefined;
    return [
      ...(parsed.ok ? [] : [{ path: 'uri', message: parsed.problem }]),
      ...this.#withObjections(settings, 'settings', settingViolations(httpSettings, settings)),
      ...(withoutTls ? [{ path: 'settings.tls', message: 'is for https:// only; leave it out' }] : []),
      ...routes.flatMap(({ operation, repeatSafety }, index) => {
        const at = `routes[${index}].operation`;
        const result = compileOperation(operation, this.#expressions);
        const violations: SettingViolation[] = result.ok
          ? []
          : result.violations.map(({ path, message }) => ({
              path: path === '' ? at : `${at}.${path}`,
              message,
            }));
        // Its pages are several requests: what an earlier one did is not undone when a later one does not arrive.
        if (operation['pagination'] !== undefined && repeatSafety !== undefined && repeatSafety !== 'SAFE') {
          violations.push({
            path: `routes[${index}].repeat_safety`,
            message: `is ${repeatSafety}, but a route with pagination is SAFE; leave it out`,
          });
        }
        return this.#withObjections(operation, at, violations);
      }),
    ];
  }

  /** The interface compiled, or what is wrong with it: a record of another version of the hub may not fit this one. */
  of({ uri, settings, routes }: EndpointDeclaration): CompiledInterface | SettingViolation {
    const key = JSON.stringify([settings, routes.map(({ operation }) => operation)]);
    const known = this.#compiled.get(key);
    if (known !== undefined) return known;
    const [violation] = this.check({ uri, settings, routes });
    const checked = httpSettings.safeParse(settings);
    if (violation !== undefined || !checked.success)
      return violation ?? { path: 'settings', message: 'not valid' };
    const operations = routes.flatMap(({ operation }) => {
      const result = compileOperation(operation, this.#expressions);
      return result.ok ? [result.operation] : [];
    });
    const compiled = { settings: checked.data, operations };
    this.#compiled.set(key, compiled);
    return compiled;
  }

  /** With the secrets that can never be read here, where nothing else is wrong with them. */
  #withObjections(
    value: unknown,
    at: string,
    violations: readonly SettingViolation[],
  ): readonly SettingViolation[] {
    return [
      ...violations,
      ...secretViolations(value, this.#secrets, at).filter(
        ({ path }) => !violations.some((known) => known.path.startsWith(path)),
      ),
    ];
  }
}
