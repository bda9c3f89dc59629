import { openScreen } from './screen.ts';
import type { Screen } from './screen.ts';

/** Where a command writes. Results go to standard output; remarks and failures to standard error. */
export interface Terminal {
  /** Writes a line to standard output. */
  print(line: string): void;
  /** Writes bytes to standard output as they are. */
  printBytes(bytes: Uint8Array): void;
  /** Writes a line to standard error. */
  remark(line: string): void;
  /** Whether standard output may hold colour. */
  readonly colour: boolean;
  /** Characters in a line of standard output; undefined: it is no terminal. */
  readonly columns?: number | undefined;
  /** Whether lines may be drawn with more than ASCII; default true. */
  readonly boxes?: boolean;
  /** Whether a person looks at standard output, not a file or pipe. */
  readonly interactive: boolean;
  /** Form of documents for scripts; `-o yaml` sets it before the command runs. */
  documents: 'json' | 'yaml';
  /** Takes over the whole screen; undefined when input or output is not a terminal, or a dumb one. */
  readonly openScreen?: () => Screen;
}

/** The process's own terminal. Without `stdin` it has no screen. */
export function createTerminal(
  streams: {
    readonly stdout: NodeJS.WriteStream;
    readonly stderr: NodeJS.WriteStream;
    readonly stdin?: NodeJS.ReadStream;
  },
  allowsColour: boolean,
  allowsBoxes = true,
): Terminal {
  const interactive = streams.stdout.isTTY;
  const { stdin, stdout } = streams;
  return {
    print: (line) => streams.stdout.write(`${line}\n`),
    printBytes: (bytes) => streams.stdout.write(bytes),
    remark: (line) => streams.stderr.write(`${line}\n`),
    colour: interactive && allowsColour,
    columns: interactive ? stdout.columns : undefined,
    boxes: allowsBoxes,
    interactive,
    documents: 'json',
    ...(interactive && stdin?.isTTY === true && { openScreen: () => openScreen(stdin, stdout) }),
  };
}

const colourCodes = { red: 31, green: 32, yellow: 33, cyan: 36, dim: 2, bold: 1 } as const;
/** The few colours in use; each has a meaning: green well, yellow watch it, red wrong, dim beside the point. */
export type Colour = keyof typeof colourCodes;

/** `text` in a colour, or as it is where colour is off. */
export function paint(terminal: Pick<Terminal, 'colour'>, colour: Colour, text: string): string {
  return terminal.colour ? `\u001b[${colourCodes[colour]}m${text}\u001b[0m` : text;
}

/**
 * `text` without control characters: names, causes and replies come from others and must not move the cursor or
 * recolour the screen. Line breaks and tabs become spaces.
 */
export function printable(text: string): string {
  return text.replaceAll(/\s/gu, ' ').replaceAll(/\p{Cc}/gu, '\uFFFD');
}
