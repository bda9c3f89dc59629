import { homedir } from 'node:os';
import { join } from 'node:path';

/** What the command line takes from the environment. The only file of it that reads it (`serve` leaves that to hub/config). */
export interface Environment {
  /** SWITCHYARD_HUB: URL of the hub to talk to; undefined: a context or the default decides. */
  readonly hubUrl: string | undefined;
  /** SWITCHYARD_CONTEXT: name of the context to use; undefined: the current one. */
  readonly context: string | undefined;
  /** SWITCHYARD_TOKEN: API key to send. */
  readonly token: string | undefined;
  /** The file of contexts: `$XDG_CONFIG_HOME/switchyard/config.yaml`, by default under `~/.config`. */
  readonly contextsFile: string;
  /** False with a non-empty NO_COLOR (https://no-color.org) or TERM=dumb. */
  readonly allowsColour: boolean;
  /**
   * Whether the terminal shows lines and boxes. False with TERM=dumb, and with a locale (LC_ALL, LC_CTYPE or LANG, the
   * first that is set) of another encoding than UTF-8, such as `C`.
   */
  readonly allowsBoxes: boolean;
  /** Any other variable, named by the user: `token_env` of a context, `{{env.NAME}}` in a message. */
  readonly variable: (name: string) => string | undefined;
}

/** Reads the variables once. An empty variable counts as unset. */
export function readEnvironment(variables: Readonly<Record<string, string | undefined>>): Environment {
  const filled = (name: string): string | undefined => {
    const value = variables[name];
    return value === '' ? undefined : value;
  };
  const configFolder = filled('XDG_CONFIG_HOME') ?? join(filled('HOME') ?? homedir(), '.config');
  return {
    hubUrl: filled('SWITCHYARD_HUB'),
    context: filled('SWITCHYARD_CONTEXT'),
    token: filled('SWITCHYARD_TOKEN'),
    contextsFile: join(configFolder, 'switchyard', 'config.yaml'),
    allowsColour: filled('NO_COLOR') === undefined && variables['TERM'] !== 'dumb',
    allowsBoxes:
      variables['TERM'] !== 'dumb' &&
      /utf-?8/i.test(filled('LC_ALL') ?? filled('LC_CTYPE') ?? filled('LANG') ?? 'UTF-8'),
    variable: (name) => variables[name],
  };
}
