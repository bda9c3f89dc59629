import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { createFakeClock } from '../../base/fake-clock.ts';
import { HubError } from '../../base/error.ts';
import { loadPlugins, type Plugins } from './load-plugins.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plugins-'));
});
afterAll(() => rm(folder, { recursive: true }));

let files = 0;
/** Writes a module and gives its path relative to the folder. */
async function moduleOf(code: string): Promise<string> {
  files += 1;
  const name = `plugin-${files}.mjs`;
  await writeFile(join(folder, name), code);
  return name;
}

const good = (name: string, ...schemes: string[]): string =>
  `export const transport = { name: ${JSON.stringify(name)}, schemes: ${JSON.stringify(schemes)}, async send() {} };`;

async function refusalOf(...paths: string[]): Promise<readonly string[]> {
  try {
    await loadPlugins(paths, { clock: systemClock, folder });
  } catch (thrown) {
    if (!(thrown instanceof HubError)) throw thrown;
    expect(thrown.reason).toBe('INVALID_FIELD');
    return thrown.violations.map(({ field, description }) => `${field}: ${description}`);
  }
  throw new Error('the plug-ins were taken');
}

test('modules are found by paths relative to the folder or absolute, by the export transport or default', async () => {
  const named = await moduleOf(good('one', 'one', 'ones'));
  const byDefault = join(folder, await moduleOf(good('two', 'two').replace('const transport =', 'default')));
  const plugins: Plugins = await loadPlugins([named, byDefault], { clock: systemClock, folder });
  expect(plugins.all.map(({ name }) => name)).toEqual(['one', 'two']);
  expect(plugins.byScheme('ones')?.name).toBe('one');
  expect(plugins.byScheme('three')).toBeUndefined();
  expect(plugins.shown).toBe('one (one://, ones://), two (two://)');
});

test('without modules there are none', async () => {
  expect((await loadPlugins([], { clock: systemClock, folder })).shown).toBe('none');
});

test.each([
  [
    'a file that is not there',
    () => Promise.resolve('gone.mjs'),
    /"gone\.mjs": the module cannot be loaded from .*gone\.mjs/,
  ],
  ['a module that does not parse', () => moduleOf('export const ='), /cannot be loaded/],
  [
    'a module that throws',
    () => moduleOf('throw new Error("no database");'),
    /cannot be loaded .*no database/,
  ],
  [
    'a module without the export',
    () => moduleOf('export const plugin = 1;'),
    /no export "transport".*It exports plugin/,
  ],
  ['an export that is no object', () => moduleOf('export const transport = 1;'), /the export is no plug-in/],
  [
    'no send',
    () => moduleOf('export const transport = { name: "a", schemes: ["a"] };'),
    /send: must be a function/,
  ],
  [
    'no schemes',
    () => moduleOf('export const transport = { name: "a", schemes: [], send() {} };'),
    /schemes: must name at least one/,
  ],
  ['a scheme with a colon', () => moduleOf(good('a', 'a:')), /schemes\.0: must be lower case without ":"/],
  [
    'a scheme of the hub',
    () => moduleOf(good('a', 'wss')),
    /schemes\.0: is a scheme that the hub speaks itself/,
  ],
  ['a name with spaces', () => moduleOf(good('a b', 'a')), /name: must be of a-z/],
  [
    'a probe that is no function',
    () => moduleOf('export const transport = { name: "a", schemes: ["a"], send() {}, probe: 1 };'),
    /probe: must be a function/,
  ],
])('%s is refused, and the module is named', async (_, path, text) => {
  const [problem = '', ...others] = await refusalOf(await path());
  expect(others).toEqual([]);
  expect(problem).toMatch(/^plugins\[0\]: "/);
  expect(problem).toMatch(text);
});

test('plug-ins that collide are refused, all problems at once', async () => {
  const one = await moduleOf(good('one', 'shared'));
  const two = await moduleOf(good('one', 'own', 'shared'));
  const problems = await refusalOf(one, two, 'gone.mjs');
  expect(problems).toHaveLength(3);
  expect(problems[0]).toContain('plugins[1]: "' + two + '": another plug-in has the name "one"');
  expect(problems[1]).toContain('the plug-in "one" speaks the scheme shared:// already');
  expect(problems[2]).toContain('plugins[2]');
});

test('a module that does not finish loading is refused', async () => {
  const clock = createFakeClock();
  const refused = expect(
    loadPlugins([await moduleOf('await new Promise(() => {});')], { clock, folder }),
  ).rejects.toThrow('did not finish loading within 10 s');
  await clock.advance(10_000);
  await refused;
});
