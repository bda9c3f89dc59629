import { readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { messageOf } from '../base/error.ts';
import { documentIssues, pathText } from '../catalog/issue-text.ts';
import { policyFromSettings } from '../catalog/policy-settings.ts';
import { policyViolations } from '../resilience/policy-violations.ts';
import { type Config, configSchema, listenAddress } from './config-schema.ts';
import { securityErrors } from './config-security.ts';
import { mayBeRead } from '../security/secrets.ts';

/** A setting that cannot be used: ends the start with this text alone. */
export class ConfigError extends Error {
  readonly violations: readonly string[];

  constructor(violations: readonly string[]) {
    super(`The configuration cannot be used:\n${violations.map((line) => `  ${line}`).join('\n')}`);
    this.name = 'ConfigError';
    this.violations = violations;
  }
}

/** Settings given on the command line; undefined leaves them to environment and file. */
export interface ConfigFlags {
  readonly config?: string | undefined;
  readonly listen?: string | undefined;
  readonly dataDir?: string | undefined;
  readonly insecure?: boolean | undefined;
}

export interface LoadedConfig {
  readonly config: Config;
  /** Variables that look like settings but are none; worth a warning, not a refusal: orchestrators set their own. */
  readonly unknownVariables: readonly string[];
}

/** Variables with our prefix that are no settings: the file's path, the command line's and the tests' own. */
const otherVariables = [
  'SWITCHYARD_CONFIG',
  'SWITCHYARD_HUB',
  'SWITCHYARD_CONTEXT',
  'SWITCHYARD_TOKEN',
  'SWITCHYARD_REQUIRE',
];
const prefix = 'SWITCHYARD_';

/**
 * The settings in force: flags over environment over file over defaults. Every setting has a variable, its path in
 * the file in capitals with `_` between (`health.interval`: SWITCHYARD_HEALTH_INTERVAL); lists are separated by
 * commas. Throws ConfigError with every violation at once.
 */
export function loadConfig(flags: ConfigFlags, environment: NodeJS.ProcessEnv): LoadedConfig {
  const path = configFile(flags, environment);
  const raw = path === undefined ? {} : readConfigFile(path);
  const origins = new Map<string, string>();
  const variables = settingVariables(configSchema);
  for (const [name, { path: settingsPath, parse }] of variables) {
    const value = environment[name];
    if (value === undefined) continue;
    assign(raw, settingsPath, parse(value, name));
    origins.set(settingsPath.join('.'), name);
  }
  const flagged = { listen: flags.listen, data_dir: flags.dataDir, insecure: flags.insecure };
  for (const [name, value] of Object.entries(flagged)) {
    if (value === undefined) continue;
    raw[name] = value;
    origins.set(name, `--${name.replace('_', '-')}`);
  }
  const config = parseConfig(raw, origins, path);
  return {
    config,
    unknownVariables: Object.keys(environment).filter(
      (name) =>
        name.startsWith(prefix) &&
        !variables.has(name) &&
        !otherVariables.includes(name) &&
        !mayBeRead(name, config.secrets.env),
    ),
  };
}

/** The configuration file that flags or environment name; undefined: none. */
export function configFile(flags: ConfigFlags, environment: NodeJS.ProcessEnv): string | undefined {
  const path = flags.config ?? environment['SWITCHYARD_CONFIG'];
  return path === '' ? undefined : path;
}

function parseConfig(raw: unknown, origins: ReadonlyMap<string, string>, file: string | undefined): Config {
  const result = configSchema.safeParse(raw, { reportInput: true });
  const from = (path: string): string => {
    const origin = origins.get(path);
    return origin !== undefined ? ` (from ${origin})` : file === undefined ? '' : ` (in ${file})`;
  };
  if (!result.success) throw new ConfigError(result.error.issues.flatMap((issue) => issueTexts(issue, from)));
  const config = result.data;
  const violations = [
    ...policyErrors(config, from),
    ...listenErrors(config, from),
    ...securityErrors(config, from),
  ];
  if (violations.length > 0) throw new ConfigError(violations);
  return config;
}

function* policyErrors(config: Config, from: (path: string) => string): Generator<string> {
  const names = new Map<string, number>();
  for (const [index, settings] of config.policies.entries()) {
    for (const { path, message } of policyViolations(policyFromSettings(settings))) {
      yield `policies[${index}].${path}: ${message}${from('policies')}`;
    }
    const first = names.get(settings.name);
    if (first === undefined) names.set(settings.name, index);
    else
      yield `policies[${index}].name: found ${settings.name}, which policies[${first}] has already${from('policies')}`;
  }
}

function* listenErrors(config: Config, from: (path: string) => string): Generator<string> {
  const { host } = listenAddress(config.listen);
  if (config.insecure || config.auth.enabled || isLoopback(host)) return;
  yield `listen: found ${config.listen}, which others can reach, but nobody would be authenticated; listen on a loopback address such as 127.0.0.1:7700, ask callers who they are with auth.enabled: true (docs/security.md), or accept that with --insecure${from('listen')}`;
}

/** Whether only this machine reaches the host. */
function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

function readConfigFile(path: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError([`config: cannot read ${path}: ${messageOf(error)}`]);
  }
  const parsed = parseYaml(text, path) ?? {};
  if (typeof parsed !== 'object' || Array.isArray(parsed)) {
    throw new ConfigError([`config: ${path} must hold a map of settings, such as "listen: 127.0.0.1:7700"`]);
  }
  return parsed as Record<string, unknown>;
}

/** The value of a YAML or JSON text. `where` names the file or variable in errors. */
function parseYaml(text: string, where: string): unknown {
  const document = parseDocument(text, { prettyErrors: true });
  if (document.errors.length > 0) {
    throw new ConfigError(
      document.errors.map(({ message }) => `config: ${where} is not valid YAML: ${message.trim()}`),
    );
  }
  try {
    const value: unknown = document.toJS();
    // An alias inside its own anchor makes a ring, which no setting can be.
    JSON.stringify(value);
    return value;
  } catch (error) {
    throw new ConfigError([`config: ${where} cannot be used: ${messageOf(error).split('\n')[0] ?? ''}`]);
  }
}

interface SettingVariable {
  readonly path: readonly string[];
  readonly parse: (text: string, name: string) => unknown;
}

/** The variable of every setting. */
function settingVariables(schema: z.ZodType, path: readonly string[] = []): Map<string, SettingVariable> {
  const bare = unwrap(schema);
  if (bare instanceof z.ZodObject) {
    const inner = Object.entries(bare.shape).flatMap(([key, value]) => [
      ...settingVariables(value as z.ZodType, [...path, key]),
    ]);
    return new Map(inner);
  }
  const name = prefix + path.join('_').toUpperCase();
  return new Map([[name, { path, parse: (text, variable) => parseVariable(bare, text, variable) }]]);
}

function unwrap(schema: z.ZodType): z.ZodType {
  let bare: z.ZodType = schema;
  while (bare instanceof z.ZodDefault || bare instanceof z.ZodPrefault || bare instanceof z.ZodOptional) {
    bare = bare.unwrap() as z.ZodType;
  }
  return bare;
}

/** The value of a variable in the setting's own type; text that does not fit stays text, and the schema refuses it. */
function parseVariable(setting: z.ZodType, text: string, name: string): unknown {
  if (setting instanceof z.ZodBoolean) return text === 'true' || (text === 'false' ? false : text);
  if (setting instanceof z.ZodNumber)
    return text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text);
  if (setting instanceof z.ZodArray) {
    if (unwrap(setting.element as z.ZodType) instanceof z.ZodObject) return parseYaml(text, name);
    return text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '');
  }
  return text;
}

function assign(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [head, ...rest] = path;
  if (head === undefined) return;
  if (rest.length === 0) {
    target[head] = value;
    return;
  }
  const inner = target[head];
  if (inner === undefined || inner === null) target[head] = {};
  // Anything but a map is wrong there, and the schema says so.
  else if (typeof inner !== 'object') return;
  assign(target[head] as Record<string, unknown>, rest, value);
}

/** One of several forms is told as the form that was meant. */
function issueTexts(issue: z.core.$ZodIssue, from: (path: string) => string): readonly string[] {
  if (issue.code !== 'invalid_union') return [issueText(issue, from)];
  const names = issue.path.filter((step) => typeof step === 'string').join('.');
  return documentIssues([issue]).map(({ path, message }) => `${pathText(path)}: ${message}${from(names)}`);
}

function issueText(issue: z.core.$ZodIssue, from: (path: string) => string): string {
  const path = issue.path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`))
    .join('')
    .replace(/^\./, '');
  const where = from(issue.path.filter((step) => typeof step === 'string').join('.'));
  if (issue.code === 'unrecognized_keys') {
    const names = issue.keys.map((key) => (path === '' ? key : `${path}.${key}`)).join(', ');
    const allowed = allowedKeys(issue.path);
    const choice = allowed.length === 0 ? 'none' : allowed.join(', ');
    return `${names}: no such setting; allowed here are ${choice}${where}`;
  }
  const found = issue.input === undefined ? 'nothing' : JSON.stringify(issue.input).slice(0, 100);
  const allowed =
    issue.code === 'invalid_type' && issue.message.startsWith('Invalid input')
      ? `must be ${typeNames[issue.expected] ?? issue.expected}`
      : issue.code === 'invalid_value'
        ? `must be one of ${issue.values.map(String).join(', ')}`
        : issue.message;
  return `${path}: ${allowed}; found ${found}${where}`;
}

/** Types as people who write YAML call them. */
const typeNames: Readonly<Record<string, string>> = {
  object: 'a map of settings',
  array: 'a list',
  string: 'text',
  boolean: 'true or false',
  number: 'a number',
};

/** Names of the settings that may stand at a path. */
function allowedKeys(path: readonly PropertyKey[]): readonly string[] {
  let schema: z.ZodType = configSchema;
  for (const step of path) {
    const bare = unwrap(schema);
    if (bare instanceof z.ZodObject) schema = bare.shape[String(step)] as z.ZodType;
    else if (bare instanceof z.ZodArray) schema = bare.element as z.ZodType;
  }
  const bare = unwrap(schema);
  return bare instanceof z.ZodObject ? Object.keys(bare.shape) : [];
}
