import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { runProgram } from '../program.ts';
import { requireTool, type Tool } from '../require.ts';
import { root } from '../root.ts';

/** How the examples of a language are made ready and started. */
export interface Language {
  readonly name: 'typescript' | 'go' | 'python';
  /** What must be on the machine. */
  readonly tools: readonly Tool[];
  /** Builds or installs into a folder of the test's own, as tests run side by side. Throws with the output when that fails. */
  prepare(folder: string): Promise<void>;
  /** The command line of an example. */
  command(folder: string, example: string, args: readonly string[]): readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
}

/** The languages of examples/, as their READMEs build and start them. */
export const languages: readonly Language[] = [
  {
    name: 'typescript',
    tools: [],
    prepare: async (folder) => {
      for (const path of ['examples/typescript', 'gen/ts'])
        await cp(root + path, join(folder, path), {
          recursive: true,
          filter: (from) => !from.includes('node_modules', root.length),
        });
      const prefix = join(folder, 'examples/typescript');
      await succeeds('npm', ['ci', '--prefix', prefix, '--prefer-offline', '--no-audit']);
    },
    command: (folder, example, args) => [
      process.execPath,
      join(folder, `examples/typescript/${example}.ts`),
      ...args,
    ],
    env: {},
  },
  {
    name: 'go',
    tools: ['go'],
    prepare: (folder) => succeeds('go', ['-C', 'examples/go', 'build', '-o', join(folder, 'example'), '.']),
    command: (folder, example, args) => [join(folder, 'example'), example, ...args],
    env: {},
  },
  {
    name: 'python',
    tools: ['python'],
    prepare: pinsAreInstalled,
    command: (_, example, args) => [
      requireTool('python') ?? 'python3',
      `examples/python/${example}.py`,
      ...args,
    ],
    // gen/python itself is installed and imported by `npm run gen:packages`; here its sources count.
    env: { PYTHONPATH: `${root}gen/python/src`, PYTHONDONTWRITEBYTECODE: '1' },
  },
];

async function succeeds(command: string, args: readonly string[]): Promise<void> {
  const result = await runProgram(command, args, { timeoutMs: 280_000 });
  expect(result.code, `${command} ${args.join(' ')}:\n${result.stderr}`).toBe(0);
}

/** The environment of scripts/tools.sh must have what examples/python/pyproject.toml pins. */
async function pinsAreInstalled(): Promise<void> {
  const check = `
import importlib.metadata, re
text = open("examples/python/pyproject.toml").read()
pins = re.findall(r'"([a-z-]+)==([0-9.]+)",', text)
assert len(pins) >= 5, pins
for name, version in pins:
    if name != "switchyard-gen":
        assert importlib.metadata.version(name) == version, (name, version, importlib.metadata.version(name))
assert 'version = "%s"' % dict(pins)["switchyard-gen"] in open("gen/python/pyproject.toml").read()
`;
  await succeeds(requireTool('python') ?? 'python3', ['-c', check]);
}
