import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { readEnvironment } from '../../src/cli/environment.ts';
import { createProgram } from '../../src/cli/main.ts';
import { root } from '../root.ts';
import { runCli } from './run-cli.ts';

const terminal = {
  print: () => undefined,
  printBytes: () => undefined,
  remark: () => undefined,
  colour: false,
  interactive: false,
  documents: 'json' as const,
};
const program = createProgram(
  { terminal, environment: readEnvironment({}), clock: systemClock, signal: new AbortController().signal },
  { exitCode: 0 },
);

/** Every command that people may call, with its path: `systems register`. */
const commands = new Map<string, Command>();
const collect = (command: Command, path: string): void => {
  for (const inner of command.commands) {
    if (inner.name().startsWith('__')) continue;
    const innerPath = `${path} ${inner.name()}`.trim();
    commands.set(innerPath, inner);
    collect(inner, innerPath);
  }
};
collect(program, '');

/** The help as `--help` prints it, with what was added to it. */
function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part) });
  command.outputHelp();
  return text;
}
/** Lines of a text that are commands of ours, without the prompt and what they are piped from. */
function commandLines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => /^(?: {2}\$ )?(?:.*\| )?((?:switchyard) .*)$/.exec(line)?.[1] ?? '')
    .filter((line) => line !== '');
}

/** What is wrong with an example: an unknown command or option; undefined when nothing. */
function wrongIn(line: string): string | undefined {
  // Payloads and comments are no options.
  const words = line
    .replaceAll(/'[^']*'|"[^"]*"/g, 'VALUE')
    .replace(/ {2,}#.*$/, '')
    .split(/\s+/)
    .slice(1);
  let command = program;
  while (words[0] !== undefined) {
    const inner = command.commands.find(
      (one) => one.name() === words[0] || one.aliases().includes(words[0] ?? ''),
    );
    if (inner === undefined) break;
    command = inner;
    words.shift();
  }
  if (command === program) return /^-|^$/.test(words[0] ?? '') ? undefined : `no command ${words[0] ?? ''}`;
  if (command.name() === 'demo') return undefined;
  const defaults = command.commands.filter((one) => one.name() === 'list');
  const known = [command, program, ...defaults].flatMap(({ options }) => options);
  const flags = words.filter((word) => /^--?[a-z]/i.test(word)).map((word) => word.split('=')[0] ?? '');
  return flags.find(
    (flag) => flag !== '--help' && !known.some(({ long, short }) => flag === long || flag === short),
  );
}

test.each([...commands.keys()])('%s has a description and examples that its options allow', (path) => {
  const command = commands.get(path) as Command;
  expect(command.description()).toMatch(/^[A-Z].*[.…]/);
  const help = helpOf(command);
  const [, examples = ''] = help.split('\nExamples:\n');
  const own = commandLines(examples);
  expect(own.length, 'examples').toBeGreaterThan(0);
  expect(own.map((line) => `${line}: ${wrongIn(line) ?? 'fine'}`)).toEqual(
    own.map((line) => `${line}: fine`),
  );
});

test('every option says what it does', () => {
  for (const [path, { options }] of commands) {
    for (const { flags, description } of options) expect(description, `${path} ${flags}`).not.toBe('');
  }
});

describe('docs/cli.md', () => {
  const page = readFileSync(`${root}docs/cli.md`, 'utf8');

  test('has every command, each with an example, and no other', () => {
    const headings = [...page.matchAll(/^### `switchyard ([^`]+)`$/gm)].map(([, path]) => path);
    const leaves = [...commands]
      .filter(([, { commands: inner }]) => inner.length === 0)
      .map(([path]) => path);
    expect(headings.toSorted()).toEqual(leaves.toSorted());
    for (const section of page.split(/^### /m).slice(1)) {
      const path = /^`switchyard ([^`]+)`/.exec(section)?.[1] ?? '';
      expect(section, path).toMatch(
        new RegExp(`^(?:.*\\| |source <\\()?switchyard ${path.replace(/ list$/, '')}`, 'm'),
      );
    }
  });

  test('has only examples that exist', () => {
    const lines = commandLines(page);
    expect(lines.length).toBeGreaterThan(30);
    expect(lines.map((line) => `${line}: ${wrongIn(line) ?? 'fine'}`)).toEqual(
      lines.map((line) => `${line}: fine`),
    );
  });

  test('has the exit codes of the help', () => {
    const codes = /Exit codes:\n([^]*?)\n\n?$/.exec(`${helpOf(program)}\n`)?.[1] ?? '';
    expect(codes).toContain('130');
    for (const [, code] of codes.matchAll(/^ {2}(\d+)/gm)) {
      expect(page).toMatch(new RegExp(`^\\| ${code} +\\|`, 'm'));
    }
  });
});

test('a mistyped command or option is told the near one', async () => {
  const command = await runCli(['helth']);
  expect(command).toMatchObject({ exitCode: 2, stdout: '' });
  expect(command.stderr).toContain('Did you mean health?');
  expect((await runCli(['systems', 'registr'])).stderr).toContain('Did you mean register?');
  expect((await runCli(['status', '--jsn'])).stderr).toContain('Did you mean --json?');
});

test.each([['-v'], ['-V'], ['--version']])('%s prints the version', async (flag) => {
  expect(await runCli([flag])).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) as unknown,
  });
});
