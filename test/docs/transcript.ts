/** One fenced block of a document that a test runs or needs. */
export type Step =
  /** ```yaml file=NAME: written to the folder of the test. */
  | { readonly kind: 'file'; readonly name: string; readonly text: string; readonly line: number }
  /**
   * ```sh: commands, run by bash with `set -e`. `background`: started, and taken as ready when the text after
   * `ready=` shows up in its output.
   */
  | {
      readonly kind: 'commands';
      readonly text: string;
      readonly line: number;
      /** What its standard output must show; undefined when the page does not say. */
      readonly expected: readonly string[] | undefined;
      readonly background: boolean;
      /** Whether everything in the background is stopped before. */
      readonly stop: boolean;
      /** Exit code that the commands must end with; default 0. */
      readonly exit: number;
    };

/** Why a block of commands is not run: the words after `norun`. */
export interface Skipped {
  readonly line: number;
  readonly why: string;
}

/**
 * The blocks of a document, in order: ```sh and ```console are commands, ```text after ```sh is what they must show.
 * In a ```console block the lines after `$ ` (and those after a `\` or within quotes) are the command.
 */
export function stepsOf(markdown: string): {
  readonly steps: readonly Step[];
  readonly skipped: readonly Skipped[];
} {
  const steps: Step[] = [];
  const skipped: Skipped[] = [];
  const lines = markdown.split('\n');
  for (let index = 0; index < lines.length; index += 1) {
    const fence = /^( *)```(\w*)(.*)$/.exec(lines[index] ?? '');
    if (fence === null) continue;
    const [, indent = '', language = '', rest = ''] = fence;
    const line = index + 1;
    const body: string[] = [];
    for (index += 1; index < lines.length && lines[index]?.trim() !== '```'; index += 1)
      body.push((lines[index] ?? '').slice(indent.length));
    const info = rest.trim();
    const text = body.join('\n');
    const file = /(?:^| )file=(\S+)/.exec(info)?.[1];
    const why = /(?:^| )norun (.+)$/.exec(info)?.[1];
    const exit = Number(/(?:^| )exit=(\d+)/.exec(info)?.[1] ?? 0);
    const background = /(?:^| )background(?: |$)/.test(info);
    const stop = /(?:^| )stop(?: |$)/.test(info);
    const last = steps.at(-1);
    if (file !== undefined) steps.push({ kind: 'file', name: file, text: `${text}\n`, line });
    else if (why !== undefined) skipped.push({ line, why });
    else if (language === 'sh')
      steps.push({ kind: 'commands', text, line, expected: undefined, background, stop, exit });
    else if (language === 'console') steps.push(...consoleSteps(body, line, { exit, background, stop }));
    else if (language === 'text' && last?.kind === 'commands' && last.expected === undefined)
      steps[steps.length - 1] = { ...last, expected: body };
  }
  return { steps, skipped };
}

/** The commands of a ```console block, each with the output that follows it. */
function* consoleSteps(
  body: readonly string[],
  firstLine: number,
  how: { readonly exit: number; readonly background: boolean; readonly stop: boolean },
): Generator<Step> {
  let command: string[] | undefined;
  let output: string[] = [];
  let line = firstLine;
  const step = (): Step => ({
    kind: 'commands',
    text: (command ?? []).join('\n'),
    line,
    expected: output,
    ...how,
  });
  for (const [index, text] of body.entries()) {
    if (text.startsWith('$ ')) {
      if (command !== undefined) yield step();
      command = [text.slice(2)];
      output = [];
      line = firstLine + 1 + index;
    } else if (command !== undefined && output.length === 0 && isUnfinished(command.join('\n')))
      command.push(text);
    else output.push(text);
  }
  if (command !== undefined) yield step();
}

/** Whether a command goes on in the next line: after a backslash, or within quotes. */
function isUnfinished(command: string): boolean {
  const quotes = command.replace(/\\./g, '').match(/'/g)?.length ?? 0;
  return command.endsWith('\\') || quotes % 2 === 1;
}

/**
 * Whether an output is as a page shows it, line by line: `…` within a line stands for anything, on a line of its own
 * for any lines. Ids, trace ids and durations stand for any others. Blank lines and white space at ends of lines do not count. Returns the first line that is missing.
 */
export function firstMissing(expected: readonly string[], output: string): string | undefined {
  const lines = output.split('\n').map((line) => line.trimEnd());
  let at = 0;
  let free = true;
  for (const wanted of expected.map((line) => line.trimEnd()).filter((line) => line !== '')) {
    if (wanted.trim() === '…') {
      free = true;
      continue;
    }
    const pattern = new RegExp(`^${wanted.replace(volatile, '…').split('…').map(escape).join('.*')}$`);
    const found = lines.findIndex(
      (line, index) =>
        index >= at && pattern.test(line) && (free || lines.slice(at, index).every((text) => text === '')),
    );
    if (found === -1) return wanted;
    at = found + 1;
    free = false;
  }
  return undefined;
}

/** UUIDs, trace ids and durations in seconds: another one each time. */
const volatile = /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[0-9a-f]{32}\b|\b\d+\.\d+s\b/g;

function escape(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
