import type { Registry } from '../registry/registry.ts';
import type { CatalogRulePorts } from '../rpc/catalog-rules.ts';
import { descriptorSetProblem } from './descriptor-set-check.ts';
import type { DescriptorShelf } from './descriptor-shelf.ts';
import type { Transports } from './open-transports.ts';

/** What systems and catalogs are checked against, by calls and by the hub that loads its own. */
export function catalogPorts(parts: {
  readonly registry: Registry;
  readonly transports: Transports;
  readonly descriptorSets: DescriptorShelf;
}): CatalogRulePorts & { readonly registry: Registry } {
  const { registry, transports, descriptorSets } = parts;
  return {
    registry,
    checkEndpoint: (protocol, declaration) => transports[protocol].checkEndpoint(declaration),
    checkDescriptorSet: descriptorSetProblem,
    withDescriptorSets: (sets, check) => descriptorSets.during(sets, check),
  };
}
