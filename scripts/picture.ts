/** Draws simple pictures for the documents as SVG: boxes, arrows, texts and curves, dark as pictures of terminals are. */

export const colours = {
  background: '#0d1117',
  line: '#6e7681',
  text: '#c9d1d9',
  faint: '#8b949e',
  good: '#56d364',
  warn: '#e3b341',
  bad: '#ff7b72',
  accent: '#79c0ff',
} as const;
export type Colour = (typeof colours)[keyof typeof colours];

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Box extends Point {
  readonly width: number;
  readonly height: number;
  /** Lines of text in the middle, the first one larger. */
  readonly lines: readonly string[];
  readonly colour?: Colour;
  readonly dashed?: boolean;
}

/** One picture; elements lie above those that were added before. */
export class Picture {
  readonly #size: { readonly width: number; readonly height: number };
  readonly #title: string;
  readonly #elements: string[] = [];

  /** `title` is for those who cannot see it, too. */
  constructor(size: { readonly width: number; readonly height: number }, title: string) {
    this.#size = size;
    this.#title = title;
  }

  text(
    at: Point,
    text: string,
    options: { colour?: Colour; size?: number; anchor?: 'start' | 'middle' | 'end' } = {},
  ): void {
    const { colour = colours.text, size = 13, anchor = 'start' } = options;
    this.#elements.push(
      `<text x="${round(at.x)}" y="${round(at.y)}" fill="${colour}" font-size="${size}" text-anchor="${anchor}" xml:space="preserve">${escape(text)}</text>`,
    );
  }

  box({ x, y, width, height, lines, colour = colours.line, dashed = false }: Box): void {
    this.#elements.push(
      `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="6" fill="#161b22" stroke="${colour}" stroke-width="1.5"${dashed ? ' stroke-dasharray="5 4"' : ''}/>`,
    );
    const lineHeight = 17;
    const firstY = y + height / 2 - ((lines.length - 1) * lineHeight) / 2 + 4.5;
    for (const [index, line] of lines.entries()) {
      this.text({ x: x + width / 2, y: firstY + index * lineHeight }, line, {
        anchor: 'middle',
        colour: index === 0 ? (colour === colours.line ? colours.text : colour) : colours.faint,
        size: index === 0 ? 14 : 12,
      });
    }
  }

  line(points: readonly Point[], options: { colour?: Colour; dashed?: boolean; width?: number } = {}): void {
    const { colour = colours.line, dashed = false, width = 1.5 } = options;
    const path = points.map(({ x, y }) => `${round(x)},${round(y)}`).join(' ');
    this.#elements.push(
      `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="${width}"${dashed ? ' stroke-dasharray="5 4"' : ''}/>`,
    );
  }

  /** A line with a head at its last point. */
  arrow(points: readonly Point[], options: { colour?: Colour; dashed?: boolean } = {}): void {
    this.line(points, options);
    const [end, before] = [points.at(-1), points.at(-2)];
    if (end === undefined || before === undefined) return;
    const angle = Math.atan2(end.y - before.y, end.x - before.x);
    const corner = (turn: number): string =>
      `${round(end.x - 9 * Math.cos(angle + turn))},${round(end.y - 9 * Math.sin(angle + turn))}`;
    this.#elements.push(
      `<polygon points="${end.x},${end.y} ${corner(0.42)} ${corner(-0.42)}" fill="${options.colour ?? colours.line}"/>`,
    );
  }

  dot({ x, y }: Point, colour: Colour, radius = 3): void {
    this.#elements.push(`<circle cx="${round(x)}" cy="${round(y)}" r="${radius}" fill="${colour}"/>`);
  }

  /** The space below a curve, down to `y`. */
  area(points: readonly Point[], y: number, colour: Colour): void {
    const [first, last] = [points[0], points.at(-1)];
    if (first === undefined || last === undefined) return;
    const path = [{ x: first.x, y }, ...points, { x: last.x, y }];
    this.#elements.push(
      `<polygon points="${path.map((point) => `${round(point.x)},${round(point.y)}`).join(' ')}" fill="${colour}" fill-opacity="0.15"/>`,
    );
  }

  toString(): string {
    const { width, height } = this.#size;
    const title = escape(this.#title);
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}">
<title>${title}</title>
<rect width="100%" height="100%" rx="8" fill="${colours.background}"/>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace">
${this.#elements.join('\n')}
</g>
</svg>
`;
  }
}

/** A diagram's frame: values to points. */
export interface Axes {
  /** Where a pair of values lies. */
  at(x: number, y: number): Point;
  readonly bottom: number;
}

export interface AxesOptions {
  readonly frame: {
    readonly left: number;
    readonly top: number;
    readonly right: number;
    readonly bottom: number;
  };
  readonly x: {
    readonly max: number;
    readonly ticks: readonly (readonly [value: number, label: string])[];
    readonly title: string;
  };
  readonly y: {
    readonly max: number;
    readonly ticks: readonly (readonly [value: number, label: string])[];
    readonly title: string;
  };
}

/** Draws axes that begin at 0 and gives the frame back. */
export function drawAxes(picture: Picture, { frame, x, y }: AxesOptions): Axes {
  const { left, top, right, bottom } = frame;
  const at = (valueX: number, valueY: number): Point => ({
    x: left + (valueX / x.max) * (right - left),
    y: bottom - (valueY / y.max) * (bottom - top),
  });
  picture.line([
    { x: left, y: top },
    { x: left, y: bottom },
    { x: right, y: bottom },
  ]);
  for (const [value, label] of x.ticks) {
    const point = at(value, 0);
    picture.line([point, { x: point.x, y: bottom + 4 }]);
    picture.text({ x: point.x, y: bottom + 18 }, label, {
      anchor: 'middle',
      size: 12,
      colour: colours.faint,
    });
  }
  for (const [value, label] of y.ticks) {
    const point = at(0, value);
    picture.line([{ x: left - 4, y: point.y }, point]);
    picture.text({ x: left - 8, y: point.y + 4 }, label, { anchor: 'end', size: 12, colour: colours.faint });
  }
  picture.text({ x: right, y: bottom + 36 }, x.title, { anchor: 'end', size: 12 });
  picture.text({ x: left - 8, y: top - 14 }, y.title, { size: 12 });
  return { at, bottom };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escape(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
}
