/** What the command line takes from the environment. The only file of it that reads it (`serve` leaves that to hub/config). */
export interface Environment {
  /** SWITCHYARD_HUB: URL of the hub to talk to. Default `http://127.0.0.1:7700`. */
  readonly hubUrl: string;
  /** False with a non-empty NO_COLOR (https://no-color.org) or TERM=dumb. */
  readonly allowsColour: boolean;
}

export function readEnvironment(variables: Readonly<Record<string, string | undefined>>): Environment {
  const hubUrl = variables['SWITCHYARD_HUB'];
  return {
    hubUrl: hubUrl === undefined || hubUrl === '' ? 'http://127.0.0.1:7700' : hubUrl,
    allowsColour: (variables['NO_COLOR'] ?? '') === '' && variables['TERM'] !== 'dumb',
  };
}
