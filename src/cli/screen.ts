import type { ReadStream, WriteStream } from 'node:tty';

/** The whole terminal, drawn frame by frame. What was on it before comes back with `close`. */
export interface Screen {
  /** Size in characters; both at least 1. */
  size(): { readonly columns: number; readonly rows: number };
  /** Draws the lines from the top; what is longer or wider than the screen is cut off. */
  draw(lines: readonly string[]): void;
  /** Told each key as the text that the terminal sends, and changes of the size. */
  listen(listener: { readonly onKey: (key: string) => void; readonly onResize: () => void }): void;
  /** Gives the terminal back. More than once does nothing. */
  close(): void;
}

// xterm control sequences (https://invisible-island.net/xterm/ctlseqs/ctlseqs.html): the alternate screen, the cursor,
// and the wrapping of long lines, which is off so that a narrow screen cuts a table instead of tearing it.
const enter = '\u001b[?1049h\u001b[?25l\u001b[?7l';
const leave = '\u001b[?7h\u001b[?25h\u001b[?1049l';
const home = '\u001b[H';
const clearLine = '\u001b[K';
const clearBelow = '\u001b[J';

/** Takes over the terminal: alternate screen, keys one by one. */
export function openScreen(stdin: ReadStream, stdout: WriteStream): Screen {
  let listeners: (() => void)[] = [];
  let isOpen = true;
  const size = () => ({ columns: Math.max(1, stdout.columns), rows: Math.max(1, stdout.rows) });
  const close = (): void => {
    if (!isOpen) return;
    isOpen = false;
    for (const remove of listeners) remove();
    listeners = [];
    stdin.setRawMode(false);
    stdin.pause();
    stdout.write(leave);
  };
  // A process that ends in another way must not leave the terminal in raw mode.
  process.once('exit', close);
  stdin.setRawMode(true);
  stdin.resume().setEncoding('utf8');
  stdout.write(enter);
  return {
    size,
    draw(lines) {
      if (!isOpen) return;
      const shown = lines.slice(0, size().rows).map((line) => `${line}${clearLine}`);
      stdout.write(`${home}${shown.join('\r\n')}${clearBelow}`);
    },
    listen({ onKey, onResize }) {
      const onData = (text: string): void => {
        for (const key of keysOf(text)) onKey(key);
      };
      stdin.on('data', onData);
      stdout.on('resize', onResize);
      listeners.push(
        () => stdin.off('data', onData),
        () => stdout.off('resize', onResize),
        () => process.off('exit', close),
      );
    },
    close,
  };
}

/** Splits what came at once into keys: an escape sequence is one, any other character one each. */
export function keysOf(text: string): readonly string[] {
  // eslint-disable-next-line no-control-regex -- escape sequences begin with a control character
  return text.match(/\u001b(?:\[[0-9;]*[A-Za-z~]|O[A-Z])?|[^\u001b]/gu) ?? [];
}
