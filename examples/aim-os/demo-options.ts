import { parseArgs } from 'node:util';
import { messageOf } from '../../src/base/error.ts';
import { randomInt, systemRandom } from '../../src/base/random.ts';
import { parseDurationMs } from '../../src/cli/duration.ts';

export const usage = `Usage: npm run demo -- [options]      (or: switchyard demo [options])

  --duration 60s   end after this time with a summary (default: run until Ctrl-C)
  --seconds N      the same in seconds
  --no-replica     eleven systems only, without second ones
  --rate N         messages a second (default: 10, with --chaos 30)

  --chaos          make systems slow, failing, hanging, refusing or gone, and bring them back; three types that
                   messages go to have a second system then
  --seed N         with --chaos: what happens to whom and when; the same seed gives the same (default: a random one,
                   which is printed)
  --every 2s       with --chaos: mean time between two acts (default: 4s)
  --no-mercy       with --chaos: also what leaves a type without any system that is well
`;

/** How the demo is to run. */
export interface DemoOptions {
  /** Time to run after everything is up, in ms. Undefined: until Ctrl-C. */
  readonly durationMs: number | undefined;
  readonly messagesPerSecond: number;
  readonly replicas: boolean;
  /** Undefined: without. */
  readonly chaos: ChaosSettings | undefined;
}

export interface ChaosSettings {
  readonly seed: number;
  readonly everyMs: number;
  readonly noMercy: boolean;
}

const durationMsMax = 86_400_000;
const seedMax = 0xffff_ffff;

/** Reads the options. Undefined: help is asked for. Throws an error of one line that names the option and its value. */
export function readDemoOptions(args: readonly string[]): DemoOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      duration: { type: 'string' },
      seconds: { type: 'string' },
      rate: { type: 'string' },
      'no-replica': { type: 'boolean', default: false },
      chaos: { type: 'boolean', default: false },
      seed: { type: 'string' },
      every: { type: 'string' },
      'no-mercy': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  const { duration, seconds, seed, every } = values;
  const noMercy = values['no-mercy'];
  if (duration !== undefined && seconds !== undefined) {
    throw new Error('--duration and --seconds say the same; give one of them');
  }
  if (!values.chaos && (seed !== undefined || every !== undefined || noMercy)) {
    throw new Error('--seed, --every and --no-mercy belong to --chaos; add it');
  }
  const fromSeconds = seconds === undefined ? undefined : positive('--seconds', seconds) * 1000;
  return {
    durationMs: duration === undefined ? fromSeconds : durationOption('--duration', duration, durationMsMax),
    messagesPerSecond: positive('--rate', values.rate ?? (values.chaos ? '30' : '10')),
    replicas: !values['no-replica'],
    chaos: values.chaos
      ? {
          seed: seed === undefined ? randomInt(systemRandom, 1_000_000) : seedOption(seed),
          everyMs: durationOption('--every', every ?? '4s', 3_600_000),
          noMercy,
        }
      : undefined,
  };
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (value > 0 && value <= 86_400) return value;
  throw new Error(`${name} "${text}": write a number from 1 to 86400`);
}

/** At least 100 ms. */
function durationOption(name: string, text: string, msMax: number): number {
  let ms: number;
  try {
    ms = parseDurationMs(text);
  } catch (error) {
    throw new Error(`${name}: ${messageOf(error)}`, { cause: error });
  }
  if (ms >= 100 && ms <= msMax) return ms;
  throw new Error(`${name} "${text}": from 100ms to ${msMax / 3_600_000}h`);
}

function seedOption(text: string): number {
  const seed = Number(text);
  if (/^\d{1,10}$/.test(text) && seed <= seedMax) return seed;
  throw new Error(`--seed "${text}": write a whole number from 0 to ${seedMax}`);
}
