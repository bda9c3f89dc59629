import { destination, type DestinationStream, type Level, pino } from 'pino';

/** Values that go with a log line; keys in snake_case. No secrets, no payloads. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Structured logging as every room takes it. A message is a constant text, what varies goes into the fields. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds these fields to each line. */
  child(fields: LogFields): Logger;
}

export type LogLevel = Extract<Level, 'debug' | 'info' | 'warn' | 'error'> | 'silent';

/**
 * Logs JSON lines (`{"level":"info","time":"2026-…","msg":"…",…}`) to standard error, synchronously, so that the last line before
 * a crash is there. Default level: info. `stream` replaces standard error, for tests.
 */
export function createLogger(options: { level?: LogLevel; stream?: DestinationStream } = {}): RootLogger {
  const { level = 'info', stream = destination({ fd: 2, sync: true }) } = options;
  const gate: Gate = { least: ranks[level] };
  const inner = pino(
    {
      level: 'debug',
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    stream,
  );
  return {
    ...wrap(inner, gate),
    setLevel(next) {
      gate.least = ranks[next];
    },
  };
}

/** The logger of a process, whose level can be changed while it runs. */
export interface RootLogger extends Logger {
  /** Least level that is logged from now on, by children too. */
  setLevel(level: LogLevel): void;
}

/** A logger that says nothing, for tests and tools. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLogger,
};

/** The part of pino that is used. */
interface PinoLike {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  child(fields: object): PinoLike;
}

/** What is logged now; shared with children, because pino's own keep the level that they were made with. */
interface Gate {
  least: number;
}

const ranks: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3, silent: 4 };

function wrap(inner: PinoLike, gate: Gate): Logger {
  const at =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (message: string, fields: LogFields = {}): void => {
      if (ranks[level] >= gate.least) inner[level](fields, message);
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => wrap(inner.child(fields), gate),
  };
}
