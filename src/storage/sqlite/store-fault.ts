import { HubError } from '../../base/error.ts';

/** A fault as the worker reports it: plain data, because classes do not survive the way between threads. */
export interface FaultReport {
  /** SQLite's extended code (`SQLITE_FULL`), one of {@link StoreFaultCode}, or `BUG`. */
  readonly code: string;
  readonly message: string;
  /** The file or folder that it is about. */
  readonly path: string;
}

/** Faults that the engine finds itself, beside SQLite's own codes. */
export type StoreFaultCode =
  /** Another process holds the data folder; the message says who. */
  | 'FOLDER_HELD'
  /** The data folder cannot be used; the message says why. */
  | 'FOLDER_UNUSABLE'
  /** `quick_check` found damage. */
  | 'DAMAGED'
  /** The file was written by a newer hub. */
  | 'SCHEMA_NEWER'
  /** A SQLite database that is not ours. */
  | 'FOREIGN'
  /** The file system cannot carry a write-ahead log. */
  | 'NO_WAL';

/** A fault found by the engine itself. */
export class StoreFault extends Error {
  readonly code: StoreFaultCode;
  readonly path: string;

  constructor(code: StoreFaultCode, path: string, message: string) {
    super(message);
    this.name = 'StoreFault';
    this.code = code;
    this.path = path;
  }
}

/** What to report of anything thrown; `path` is the file at work when the fault does not name one. */
export function faultReportOf(thrown: unknown, path: string): FaultReport {
  if (thrown instanceof StoreFault) return { code: thrown.code, message: thrown.message, path: thrown.path };
  if (!(thrown instanceof Error)) return { code: 'BUG', message: String(thrown), path };
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : 'BUG';
  return { code, message: thrown.message, path };
}

/** The error that callers see for a reported fault: STORE_UNAVAILABLE with the path and the way out, or INTERNAL for a defect. */
export function hubErrorOf(fault: FaultReport): HubError {
  const known = knownFaults.find(({ codes }) => codes.some((code) => fault.code.startsWith(code)));
  if (known === undefined && !fault.code.startsWith('SQLITE_')) {
    return new HubError({ reason: 'INTERNAL', message: `Defect in the store: ${fault.message}` });
  }
  const text =
    known?.text(fault.path, fault.message) ??
    `The store ${fault.path} failed: ${fault.message} (${fault.code}). Nothing was acknowledged.`;
  return storeUnavailable(text, { path: fault.path, fault: fault.code });
}

/** A STORE_UNAVAILABLE error. */
export function storeUnavailable(message: string, metadata: Readonly<Record<string, string>>): HubError {
  return new HubError({ reason: 'STORE_UNAVAILABLE', message, metadata });
}

const damagedText = (path: string, message: string): string =>
  `The store ${path} is damaged: ${message}. It was left as it is. Move it away together with its -wal file and put a ` +
  'backup in its place, or start with an empty data folder; look at the disk too.';

/** Texts by code, matched by prefix in this order. */
const knownFaults: readonly {
  readonly codes: readonly string[];
  readonly text: (path: string, message: string) => string;
}[] = [
  {
    codes: ['FOLDER_HELD', 'FOLDER_UNUSABLE', 'SCHEMA_NEWER', 'FOREIGN', 'NO_WAL'] satisfies StoreFaultCode[],
    text: (_path, message) => message,
  },
  { codes: ['DAMAGED' satisfies StoreFaultCode, 'SQLITE_CORRUPT'], text: damagedText },
  {
    codes: ['SQLITE_NOTADB'],
    text: (path) => damagedText(path, 'the file is not a SQLite database'),
  },
  {
    codes: ['SQLITE_FULL', 'SQLITE_IOERR_SHMSIZE'],
    text: (path) =>
      `The store ${path} cannot grow: the disk, or the size allowed to the store, is full. Nothing was acknowledged. ` +
      'Free space or raise the limit; the hub recovers by itself.',
  },
  {
    codes: ['SQLITE_READONLY', 'SQLITE_CANTOPEN', 'SQLITE_PERM', 'SQLITE_AUTH'],
    text: (path, message) =>
      `The store ${path} cannot be opened for writing: ${message}. Give the hub's user the right to write to that ` +
      'folder and its files, mount it writable, or choose another data folder.',
  },
  {
    codes: ['SQLITE_BUSY', 'SQLITE_LOCKED'],
    text: (path) =>
      `The store ${path} is locked by another program (a backup or a SQLite shell?). Nothing was acknowledged. ` +
      'End that program; the hub recovers by itself.',
  },
  {
    codes: ['SQLITE_IOERR'],
    text: (path, message) =>
      `The disk failed under the store ${path}: ${message}. Nothing was acknowledged. Look at the disk and the ` +
      "system's log; the hub recovers by itself when writing works again.",
  },
];
