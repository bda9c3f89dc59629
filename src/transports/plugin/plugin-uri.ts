/** The parts of a plug-in's URI that the hub reads. */
export interface PluginUri {
  /** Lower case, without `:`. */
  readonly scheme: string;
  /** IPv6 without brackets. */
  readonly host: string;
  readonly port: number | undefined;
  /** Without the path: how the target is called in details. */
  readonly shown: string;
}

/** Undefined for what has no scheme or no host. */
export function parsePluginUri(uri: string): PluginUri | undefined {
  const parts = /^([a-z][a-z0-9+.-]*):\/\/(\[[^\]]+\]|[^:/?#]+)(?::([0-9]{1,5}))?/i.exec(uri);
  if (parts === null) return undefined;
  const [shown, scheme = '', host = '', port] = parts;
  return {
    scheme: scheme.toLowerCase(),
    host: host.replace(/^\[|\]$/g, ''),
    port: port === undefined ? undefined : Number(port),
    shown,
  };
}
