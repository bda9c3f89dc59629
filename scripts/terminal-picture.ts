// Draws text from standard input as a picture of a terminal, for the documents:
//   npm run demo -- --seconds 45 | npx node scripts/terminal-picture.ts 'title' > docs/pictures/demo.svg
import { text } from 'node:stream/consumers';

const font = { size: 13, width: 7.8, height: 19 };
const margin = 18;
const barHeight = 34;
const columnsMax = 132;

/** Words that people look for, and their colours. */
const colours: readonly (readonly [pattern: RegExp, colour: string])[] = [
  [/\b(UNHEALTHY|OPEN|DISCONNECTED|FAILED)\b/g, '#ff7b72'],
  [/\b(DEGRADED|HALF_OPEN)\b/g, '#e3b341'],
  [/\b(HEALTHY|CLOSED|DELIVERED|OK)\b/g, '#56d364'],
  [/^(\$ .*)$/g, '#ffffff'],
];

const title = process.argv[2] ?? '';
const lines = (await text(process.stdin))
  .trimEnd()
  .split('\n')
  .map((line) => (line.length > columnsMax ? `${line.slice(0, columnsMax - 1)}…` : line));
const columns = Math.max(60, ...lines.map((line) => line.length));
const width = Math.ceil(columns * font.width + margin * 2);
const height = barHeight + margin + lines.length * font.height + margin;

const dots = ['#ff5f57', '#febc2e', '#28c840']
  .map((colour, index) => `<circle cx="${20 + index * 20}" cy="17" r="6" fill="${colour}"/>`)
  .join('');
const rows = lines
  .map((line, index) => {
    const y = barHeight + margin + index * font.height;
    return `<text x="${margin}" y="${y}" xml:space="preserve">${colour(line)}</text>`;
  })
  .join('\n');

process.stdout
  .write(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>${dots}
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="${font.size}" fill="#c9d1d9">
<text x="${width / 2}" y="22" text-anchor="middle" fill="#8b949e">${escape(title)}</text>
${rows}
</g>
</svg>
`);

function colour(line: string): string {
  let marked = escape(line);
  for (const [pattern, fill] of colours) marked = marked.replace(pattern, `<tspan fill="${fill}">$1</tspan>`);
  return marked;
}

function escape(line: string): string {
  return line.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}
