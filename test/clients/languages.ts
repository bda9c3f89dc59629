import { expect } from 'vitest';
import { runProgram } from '../program.ts';
import { requireTool, type Tool } from '../require.ts';
import { root } from '../root.ts';

/** How the examples of a language are made ready and started. */
export interface Language {
  readonly name: 'typescript' | 'go' | 'python';
  /** What must be on the machine. */
  readonly tools: readonly Tool[];
  /** Builds or installs; throws with the output when that fails. */
  prepare(): Promise<void>;
  /** The command line of an example. */
  command(example: string, args: readonly string[]): readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
}

const built = `${root}.cache/bin/example-go`;

/** The languages of examples/, as their READMEs build and start them. */
export const languages: readonly Language[] = [
  {
    name: 'typescript',
    tools: [],
    prepare: () =>
      succeeds('npm', ['ci', '--prefix', 'examples/typescript', '--prefer-offline', '--no-audit']),
    command: (example, args) => [process.execPath, `examples/typescript/${example}.ts`, ...args],
    env: {},
  },
  {
    name: 'go',
    tools: ['go'],
    prepare: () => succeeds('go', ['-C', 'examples/go', 'build', '-o', built, '.']),
    command: (example, args) => [built, example, ...args],
    env: {},
  },
  {
    name: 'python',
    tools: ['python'],
    prepare: pinsAreInstalled,
    command: (example, args) => [
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
