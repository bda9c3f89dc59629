import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe } from 'vitest';
import { root } from './root.ts';

/** Programs that whole-hub tests use: where each is, and which line installs it. */
const tools = {
  grpcurl: { path: '.cache/bin/grpcurl', install: 'npm run tools' },
  python: { path: '.cache/python/bin/python', install: 'npm run tools' },
  buf: { path: 'node_modules/.bin/buf', install: 'npm ci' },
  curl: { path: undefined, install: 'apt-get install curl' },
  bash: { path: undefined, install: 'apt-get install bash' },
  script: { path: undefined, install: 'apt-get install bsdutils' },
  'redis-server': { path: undefined, install: 'apt-get install redis-server' },
  'systemd-analyze': { path: undefined, install: 'apt-get install systemd' },
  go: { path: undefined, install: 'see https://go.dev/doc/install' },
} as const;

export type Tool = keyof typeof tools;

/**
 * Says where a tool is, or undefined when it is not there. With SWITCHYARD_REQUIRE=all, as in CI, a missing one is an
 * error instead, so that nothing is skipped unseen.
 */
export function requireTool(name: Tool): string | undefined {
  const { path, install } = tools[name];
  if (path === undefined ? onPath(name) : existsSync(root + path))
    return path === undefined ? name : root + path;
  if (process.env.SWITCHYARD_REQUIRE === 'all') {
    throw new Error(`${name} is missing and SWITCHYARD_REQUIRE=all. Install it: ${install}`);
  }
  return undefined;
}

/** `describe` for tests that need tools: without one they are skipped, and the title says which and how to get it. */
export function describeWith(
  names: readonly Tool[],
  title: string,
  body: (paths: Readonly<Record<string, string>>) => void,
): void {
  const found = names.map((name) => [name, requireTool(name)] as const);
  const missing = found.filter(([, path]) => path === undefined).map(([name]) => name);
  const paths = Object.fromEntries(found.map(([name, path]) => [name, path ?? '']));
  if (missing.length === 0) describe(title, () => body(paths));
  else {
    const hints = missing.map((name) => `${name} is missing: ${tools[name].install}`).join('; ');
    describe.skip(`${title} (${hints})`, () => body(paths));
  }
}

function onPath(program: string): boolean {
  try {
    execFileSync(program, program === 'go' ? ['version'] : ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    // Not there, or not able to run: either way the tests cannot use it.
    return false;
  }
}
