import type { Target } from '../base/target.ts';
import type { PolicySubject, PolicyTarget } from '../resilience/policy-match.ts';
import type { Provider } from './directory.ts';

/** What policies look at in a message. */
type Asked = Pick<PolicySubject, 'messageType' | 'kind' | 'source'> & { readonly target: Target };

/**
 * Whom policies are matched against: what the caller addressed, and what every provider of it has in common, so
 * that the answer does not depend on whom the balancer picks.
 */
export class RouteSubjects {
  /** What providers have in common, for as long as the directory gives the same array of them: each message asks. */
  readonly #known = new WeakMap<readonly Provider[], PolicyTarget>();

  of({ target, messageType, kind, source }: Asked, providers: readonly Provider[]): PolicySubject {
    const { systemId, type, capabilities } = this.#targetOf(target, providers);
    return { messageType, kind, source, systemId, type, capabilities };
  }

  #targetOf(target: Target, providers: readonly Provider[]): PolicyTarget {
    const [first] = providers;
    switch (target.by) {
      case 'system':
        return { systemId: target.systemId, type: first?.type, capabilities: first?.capabilities ?? [] };
      case 'type':
        if (first === undefined) return { systemId: undefined, type: target.type, capabilities: [] };
        return this.#inCommon(providers, first, '');
      case 'capability':
        if (first === undefined)
          return { systemId: undefined, type: undefined, capabilities: [target.capability] };
        return this.#inCommon(providers, first, target.capability);
    }
  }

  /** `addressed` is a capability that all have, and comes first; empty: none is. */
  #inCommon(providers: readonly Provider[], first: Provider, addressed: string): PolicyTarget {
    const known = this.#known.get(providers);
    if (known !== undefined && (addressed === '' || known.capabilities[0] === addressed)) return known;
    const shared = first.capabilities.filter(
      (name) => name !== addressed && providers.every(({ capabilities }) => capabilities.includes(name)),
    );
    const inCommon: PolicyTarget = {
      systemId: undefined,
      type: providers.every(({ type }) => type === first.type) ? first.type : undefined,
      capabilities: addressed === '' ? shared : [addressed, ...shared],
    };
    this.#known.set(providers, inCommon);
    return inCommon;
  }
}
