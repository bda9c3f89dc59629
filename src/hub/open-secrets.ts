import type { Secrets } from '../base/secrets.ts';
import { createSecrets } from '../security/secrets.ts';
import type { Config } from './config-schema.ts';
import type { HubBase } from './hub-base.ts';

/** What references to secrets may read, as the configuration in force says. */
export function openSecrets({ config, environment, reloader }: HubBase): Secrets {
  const withSettings = ({ secrets }: Config): Secrets =>
    createSecrets({ environment, allowedVariables: secrets.env, folder: secrets.folder });
  let current = withSettings(config);
  reloader.onChange((next) => {
    current = withSettings(next);
  });
  return {
    read: (ref) => current.read(ref),
    // A catalog may come in the same reload as the leave to read its secrets.
    objection: (ref) => withSettings(reloader.considered).objection(ref),
  };
}
