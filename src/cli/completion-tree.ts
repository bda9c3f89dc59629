import type { Argument, Command, Option } from 'commander';

/** Something that may stand in place of the word. `about` is shown beside it by shells that can; may be empty. */
export interface Completion {
  readonly value: string;
  readonly about: string;
}

/** Values that the name of an argument or option stands for (`id`, `context`), given the options before them. */
export type ValueSource = (
  name: string,
  options: Readonly<Record<string, string>>,
) => Promise<readonly Completion[]>;

/** Asks the shell for names of files. */
export const filesMark: Completion = { value: ':files', about: '' };

/**
 * What may stand in place of the last of the words that follow `switchyard`; those before it are taken as they are.
 * Options are offered once a word begins with `-`.
 */
export async function completions(
  program: Command,
  words: readonly string[],
  values: ValueSource,
): Promise<readonly Completion[]> {
  const current = words.at(-1) ?? '';
  const place = findPlace(program, words.slice(0, -1));
  const found = await candidates(place, current, values);
  return found.filter(({ value }) => value === filesMark.value || value.startsWith(current));
}

/** Where the last word stands. */
interface Place {
  readonly command: Command;
  /** The option whose value the last word is. */
  readonly valueOf: Option | undefined;
  /** Arguments of the command before the last word. */
  readonly argumentsBefore: number;
  readonly optionsBefore: Readonly<Record<string, string>>;
}

function findPlace(program: Command, words: readonly string[]): Place {
  let command = program;
  let valueOf: Option | undefined;
  let argumentsBefore = 0;
  const optionsBefore: Record<string, string> = {};
  for (const word of words) {
    if (valueOf !== undefined) {
      optionsBefore[valueOf.attributeName()] = word;
      valueOf = undefined;
    } else if (word.startsWith('-')) {
      const [flag = '', inline] = word.split(/=(.*)/s);
      const option = optionsOf(command).find(({ long, short }) => flag === long || flag === short);
      if (option !== undefined && inline !== undefined) optionsBefore[option.attributeName()] = inline;
      else if (option?.required === true) valueOf = option;
    } else {
      const inner = argumentsBefore === 0 ? subcommand(command, word) : undefined;
      if (inner === undefined) argumentsBefore += 1;
      else command = inner;
    }
  }
  return { command, valueOf, argumentsBefore, optionsBefore };
}

async function candidates(
  { command, valueOf, argumentsBefore, optionsBefore }: Place,
  current: string,
  values: ValueSource,
): Promise<readonly Completion[]> {
  if (valueOf !== undefined) return optionValues(valueOf, '', optionsBefore, values);
  const inline = /^(--[\w-]+)=/.exec(current);
  if (inline?.[1] !== undefined) {
    const option = optionsOf(command).find(({ long }) => long === inline[1]);
    return option === undefined ? [] : optionValues(option, `${inline[1]}=`, optionsBefore, values);
  }
  if (current.startsWith('-')) return flagsOf(command);
  const subcommands =
    argumentsBefore > 0
      ? []
      : command.commands
          .filter((inner) => !isHidden(inner))
          .map((inner) => ({ value: inner.name(), about: firstSentence(inner.description()) }));
  const argument = argumentAt(command, argumentsBefore);
  if (argument === undefined) return subcommands;
  return [...subcommands, ...(await argumentValues(argument, optionsBefore, values))];
}

async function optionValues(
  option: Option,
  prefix: string,
  before: Readonly<Record<string, string>>,
  values: ValueSource,
): Promise<readonly Completion[]> {
  const name = /[<[]([^>\]]+)/.exec(option.flags)?.[1] ?? '';
  const found = option.argChoices?.map((value) => ({ value, about: '' })) ?? (await values(name, before));
  return found.map((one) => (one === filesMark ? one : { ...one, value: prefix + one.value }));
}

async function argumentValues(
  argument: Argument,
  before: Readonly<Record<string, string>>,
  values: ValueSource,
): Promise<readonly Completion[]> {
  return argument.argChoices?.map((value) => ({ value, about: '' })) ?? values(argument.name(), before);
}

/** The argument at a position; the last one again when it takes many. */
function argumentAt({ registeredArguments }: Command, position: number): Argument | undefined {
  const last = registeredArguments.at(-1);
  return registeredArguments[position] ?? (last?.variadic === true ? last : undefined);
}

function flagsOf(command: Command): readonly Completion[] {
  const own = optionsOf(command).map((option) => ({
    value: option.long ?? option.short ?? '',
    about: firstSentence(option.description),
  }));
  return [...own, { value: '--help', about: 'how to use it' }];
}

/** Options of the command and of those above it; a default subcommand's as well. */
function optionsOf(command: Command): readonly Option[] {
  const options = [...command.options];
  for (let above = command.parent; above !== null; above = above.parent) options.push(...above.options);
  const inner = command.commands.find((one) => isDefaultOf(command, one));
  if (inner !== undefined) options.push(...inner.options);
  return options.filter(({ hidden }) => !hidden);
}

function subcommand(command: Command, word: string): Command | undefined {
  return command.commands.find((inner) => inner.name() === word || inner.aliases().includes(word));
}

/** commander keeps these two to itself; the help shows them, so they are read from there. */
function isHidden(command: Command): boolean {
  return command.name().startsWith('__');
}
function isDefaultOf(command: Command, inner: Command): boolean {
  return '_defaultCommandName' in command && command._defaultCommandName === inner.name();
}

function firstSentence(text: string): string {
  return text.split(/[.:;]\s|\.$/)[0] ?? text;
}
