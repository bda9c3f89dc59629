import { seededRandom } from '../src/base/random.ts';
import { retryCeilingMs, retryDelayMs } from '../src/resilience/backoff.ts';
import { ejectionsAllowed } from '../src/resilience/ejection-rules.ts';
import { defaultPolicy } from '../src/resilience/policy-fields.ts';
import { colours, drawAxes, Picture, type Point } from './picture.ts';

/** The pictures of docs/resilience.md by the names of their files, drawn from the code that they show. */
export function resiliencePictures(): Readonly<Record<string, string>> {
  return {
    'resilience-delivery.svg': deliverySteps(),
    'resilience-breaker.svg': breakerStates(),
    'resilience-backoff.svg': backoffCurve(),
    'resilience-ejection.svg': smallPools(),
  };
}

function deliverySteps(): string {
  const picture = new Picture({ width: 900, height: 560 }, 'The steps of one delivery, in their order');
  const column = 300;
  const width = 300;
  const step = (y: number, lines: readonly string[], height = 44): void =>
    picture.box({ x: column, y, width, height, lines });
  const middle = column + width / 2;
  const down = (fromY: number, toY: number, label = ''): void => {
    picture.arrow([
      { x: middle, y: fromY },
      { x: middle, y: toY },
    ]);
    if (label !== '') picture.text({ x: middle + 10, y: (fromY + toY) / 2 + 5 }, label, { size: 12 });
  };
  const right = (
    y: number,
    text: readonly string[],
    colour: (typeof colours)[keyof typeof colours],
  ): void => {
    picture.arrow(
      [
        { x: column + width, y },
        { x: 645, y },
      ],
      { colour },
    );
    for (const [index, line] of text.entries()) {
      picture.text({ x: 653, y: y + 4 + index * 16 }, line, {
        colour: index === 0 ? colour : colours.faint,
        size: index === 0 ? 13 : 12,
      });
    }
  };
  picture.text({ x: middle, y: 28 }, 'SendMessage', { anchor: 'middle', size: 14, colour: colours.accent });
  down(36, 52);
  step(52, ['caller rate', 'token bucket of each caller']);
  right(74, ['refused', 'RATE_LIMITED'], colours.bad);
  down(96, 114);
  step(114, ['reply cache', 'SAFE: fresh? somebody asking already?']);
  right(136, ['reply with its age'], colours.good);
  down(158, 176);
  step(176, ['route', 'health, ejection, breaker, zone, balance']);
  right(198, ['nobody to ask'], colours.bad);
  down(220, 250);

  // The loop of attempts.
  picture.box({ x: 284, y: 250, width: 332, height: 206, lines: [], colour: colours.accent, dashed: true });
  picture.text({ x: 20, y: 268 }, 'each attempt', { colour: colours.accent });
  picture.text({ x: 20, y: 286 }, 'the deadline has not passed', { size: 12, colour: colours.faint });
  picture.text({ x: 20, y: 302 }, '(hedge: a second one beside it)', { size: 12, colour: colours.faint });
  step(262, ['limits of the target', 'rate · concurrency · adaptive'], 42);
  down(304, 316);
  step(316, ['breaker', 'permit, or a trial while half-open'], 42);
  down(358, 370);
  step(370, ['transport', 'the verdict, from evidence'], 42);
  right(391, ['OK: the reply'], colours.good);
  down(412, 420);
  picture.text({ x: middle, y: 436 }, 'may it be repeated?', { anchor: 'middle', colour: colours.warn });
  picture.arrow(
    [
      { x: column, y: 432 },
      { x: 256, y: 432 },
      { x: 256, y: 283 },
      { x: column, y: 283 },
    ],
    { colour: colours.warn },
  );
  picture.text({ x: 20, y: 380 }, 'yes, if all of these allow it:', { size: 12, colour: colours.warn });
  const allowed = [
    'repeat safety and scope',
    'retry.on, retry.attempts',
    'time left for the wait',
    'retry budget',
  ];
  for (const [index, line] of allowed.entries()) {
    picture.text({ x: 32, y: 398 + index * 16 }, line, { size: 12, colour: colours.faint });
  }
  down(456, 480, 'no');
  step(480, ['fallback', 'step by step; never after an unknown outcome'], 44);
  right(492, ['another reply, or a kept one'], colours.good);
  right(514, ['error with its reason'], colours.bad);
  return picture.toString();
}

function breakerStates(): string {
  const picture = new Picture({ width: 900, height: 330 }, 'The states of a breaker');
  const { breaker } = defaultPolicy;
  const box = { width: 170, height: 60 };
  picture.box({ ...box, x: 50, y: 80, lines: ['CLOSED', 'every call passes'], colour: colours.good });
  picture.box({ ...box, x: 365, y: 80, lines: ['OPEN', 'no call passes'], colour: colours.bad });
  picture.box({
    ...box,
    x: 680,
    y: 80,
    lines: ['HALF_OPEN', `${breaker.halfOpenCalls} trials at most`],
    colour: colours.warn,
  });
  picture.arrow([
    { x: 220, y: 100 },
    { x: 365, y: 100 },
  ]);
  const opens = [
    `${breaker.consecutiveFailures} failures in a row`,
    `or ${breaker.failureRate * 100} % of ≥ ${breaker.minimumCalls} in ${breaker.windowMs / 1000} s`,
    'or too many slow calls',
  ];
  for (const [index, line] of opens.entries()) {
    picture.text({ x: 292, y: 50 + index * 15 }, line, { anchor: 'middle', size: 11, colour: colours.faint });
  }
  picture.arrow([
    { x: 535, y: 100 },
    { x: 680, y: 100 },
  ]);
  picture.text({ x: 607, y: 90 }, `after ${breaker.openForMs / 1000} s`, {
    anchor: 'middle',
    size: 12,
    colour: colours.faint,
  });
  picture.arrow(
    [
      { x: 680, y: 124 },
      { x: 535, y: 124 },
    ],
    { colour: colours.bad },
  );
  picture.text({ x: 607, y: 140 }, 'one trial fails', { anchor: 'middle', size: 12, colour: colours.bad });
  picture.arrow(
    [
      { x: 765, y: 140 },
      { x: 765, y: 185 },
      { x: 135, y: 185 },
      { x: 135, y: 140 },
    ],
    { colour: colours.good },
  );
  picture.text({ x: 450, y: 178 }, 'all trials succeed: it starts anew', {
    anchor: 'middle',
    size: 12,
    colour: colours.good,
  });
  picture.box({
    ...box,
    x: 207,
    y: 230,
    lines: ['FORCED_OPEN', 'breakers trip'],
    colour: colours.accent,
    dashed: true,
  });
  picture.box({
    ...box,
    x: 523,
    y: 230,
    lines: ['FORCED_CLOSED', 'breakers trip --closed'],
    colour: colours.accent,
    dashed: true,
  });
  picture.text({ x: 450, y: 256 }, 'by a person,', { anchor: 'middle', size: 12, colour: colours.faint });
  picture.text({ x: 450, y: 272 }, 'from any state,', { anchor: 'middle', size: 12, colour: colours.faint });
  picture.text({ x: 292, y: 310 }, 'its time is up: HALF_OPEN', {
    anchor: 'middle',
    size: 12,
    colour: colours.faint,
  });
  picture.text({ x: 608, y: 310 }, 'its time is up: CLOSED', {
    anchor: 'middle',
    size: 12,
    colour: colours.faint,
  });
  return picture.toString();
}

function backoffCurve(): string {
  const { retry } = defaultPolicy;
  const picture = new Picture(
    { width: 900, height: 360 },
    'Backoff: the wait after each attempt, with full jitter',
  );
  const attempts = 10;
  const axes = drawAxes(picture, {
    frame: { left: 90, top: 50, right: 860, bottom: 290 },
    x: {
      max: attempts,
      ticks: Array.from({ length: attempts }, (_, index) => [index + 1, String(index + 1)] as const),
      title: 'attempts made so far',
    },
    y: {
      max: 32_000,
      ticks: [0, 10_000, 20_000, 30_000].map((ms) => [ms, `${ms / 1000} s`] as const),
      title: 'wait before the next one',
    },
  });
  const ceiling: Point[] = [];
  for (let attempt = 1; attempt <= attempts; attempt += 0.25) {
    ceiling.push(axes.at(attempt, retryCeilingMs(retry, attempt)));
  }
  picture.area(ceiling, axes.bottom, colours.accent);
  picture.line(ceiling, { colour: colours.accent, width: 2 });
  const random = seededRandom(3);
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    for (let caller = 0; caller < 14; caller += 1) {
      const ms = retryDelayMs({ retry, attempt, random });
      picture.dot(axes.at(attempt, ms), colours.warn, 2.5);
    }
  }
  picture.text(axes.at(4.1, 21_000), 'upper end: min(max_delay, initial_delay × factor^(n−1))', {
    colour: colours.accent,
    size: 12,
    anchor: 'middle',
  });
  picture.text(axes.at(4.1, 18_500), 'the wait: anywhere below it, each caller its own', {
    colour: colours.warn,
    size: 12,
    anchor: 'middle',
  });
  return picture.toString();
}

function smallPools(): string {
  const picture = new Picture(
    { width: 900, height: 330 },
    'How many systems of a type may be ejected at a time',
  );
  const { ejection } = defaultPolicy;
  const sizes = [1, 2, 3, 5, 10, 20, 30];
  picture.text({ x: 40, y: 36 }, 'systems', { size: 12, colour: colours.faint });
  picture.text({ x: 680, y: 36 }, 'may be out', { size: 12, colour: colours.faint });
  for (const [row, size] of sizes.entries()) {
    const y = 66 + row * 34;
    const allowed = ejectionsAllowed(ejection.maxShare, size);
    picture.text({ x: 88, y: y + 5 }, String(size), { anchor: 'end' });
    for (let system = 0; system < size; system += 1) {
      const out = system >= size - allowed;
      picture.dot({ x: 120 + system * 18, y }, out ? colours.bad : colours.good, 6);
    }
    const note =
      size === 1
        ? 'none: nobody is left'
        : size === 2
          ? '1: never the last one'
          : `${allowed} (${Math.round((100 * allowed) / size)} %)`;
    picture.text({ x: 680, y: y + 5 }, note, {
      colour: allowed === 0 ? colours.faint : colours.text,
      size: 12,
    });
  }
  picture.text(
    { x: 40, y: 312 },
    `max_share ${ejection.maxShare}: that share of the pool; one at least, never the last. Below ${ejection.panicShare * 100} % usable all are asked again.`,
    { size: 12, colour: colours.faint },
  );
  return picture.toString();
}
