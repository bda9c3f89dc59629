/** What the chart shows: goodput by offered load, in answers a second. */
export interface GoodputSeries {
  /** Offered load, in times the capacity. */
  readonly loads: readonly number[];
  readonly capacity: number;
  readonly with: readonly number[];
  readonly without: readonly number[];
}

const size = { width: 640, height: 320 };
const plot = { left: 56, right: 624, top: 40, bottom: 264 };

/** Goodput with and without an adaptive limit over the offered load, as an SVG that needs nothing else. */
export function drawGoodput(series: GoodputSeries): string {
  const { loads, capacity } = series;
  const loadMax = Math.max(...loads);
  const x = (load: number): number => plot.left + (load / loadMax) * (plot.right - plot.left);
  const y = (goodput: number): number =>
    plot.bottom - Math.min(1.1, goodput / capacity) * ((plot.bottom - plot.top) / 1.1);
  const points = (goodputs: readonly number[]): readonly (readonly [number, number])[] =>
    goodputs.map((goodput, index) => [round(x(loads[index]!)), round(y(goodput))]);
  const line = (goodputs: readonly number[], name: string): string => {
    const marks = points(goodputs).map(([cx, cy]) => `<circle class="${name}" cx="${cx}" cy="${cy}" r="4"/>`);
    return `<polyline class="${name}" points="${points(goodputs).join(' ')}"/>\n${marks.join('\n')}`;
  };
  const ticks = loads.map(
    (load) => `<text x="${round(x(load))}" y="${plot.bottom + 20}" text-anchor="middle">${load}×</text>`,
  );
  const shares = [0, 0.5, 1].map((share) => {
    const at = round(y(share * capacity));
    return (
      `<line class="grid" x1="${plot.left}" y1="${at}" x2="${plot.right}" y2="${at}"/>` +
      `<text x="${plot.left - 8}" y="${at + 4}" text-anchor="end">${capacity * share}</text>`
    );
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" role="img" aria-label="Goodput by offered load">
<style>
  text { font: 13px system-ui, sans-serif; fill: #57606a }
  .grid { stroke: #d0d7de }
  polyline { fill: none; stroke-width: 3 }
  polyline.with { stroke: #1a7f37 } circle.with { fill: #1a7f37 } text.with { fill: #1a7f37 }
  polyline.without { stroke: #cf222e } circle.without { fill: #cf222e } text.without { fill: #cf222e }
</style>
<rect width="${size.width}" height="${size.height}" fill="#ffffff"/>
<text x="${plot.left}" y="22">good answers a second; the target can give ${capacity}</text>
${shares.join('\n')}
${ticks.join('\n')}
<text x="${(plot.left + plot.right) / 2}" y="${plot.bottom + 44}" text-anchor="middle">offered load, in times the capacity</text>
${line(series.without, 'without')}
${line(series.with, 'with')}
<text class="with" x="${plot.right}" y="${round(y(series.with.at(-1) ?? 0)) + 24}" text-anchor="end">with the adaptive limit</text>
<text class="without" x="${plot.right}" y="${round(y(series.without.at(-1) ?? 0)) - 12}" text-anchor="end">without</text>
</svg>
`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
