/**
 * Writes the reference of the contract from proto/ and its comments, one page for each package. Argument: the folder.
 * Run by scripts/generate.sh.
 */
import {
  createFileRegistry,
  type DescEnum,
  type DescField,
  type DescFile,
  type DescMessage,
  type DescService,
  fromBinary,
} from '@bufbuild/protobuf';
import { type AnyDesc, ScalarType } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema, MethodOptions_IdempotencyLevel } from '@bufbuild/protobuf/wkt';
import { getComments } from '@bufbuild/protoplugin';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const generated = '<!-- Written by `npm run gen` from proto/. Do not edit. -->';
const folder = process.argv[2] ?? 'gen/docs';
mkdirSync(folder, { recursive: true });

const image = execFileSync('buf', ['build', '-o', '-#format=binpb'], { maxBuffer: 64 * 1024 * 1024 });
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, image));
const own = [...registry.files].filter(({ proto }) => proto.package.startsWith('switchyard.'));
const packages = [...new Set(own.map(({ proto }) => proto.package))].sort();

for (const name of packages)
  writeFileSync(
    join(folder, `${pageOf(name)}.md`),
    page(
      name,
      own.filter(({ proto }) => proto.package === name),
    ),
  );
writeFileSync(join(folder, 'contract.md'), overview());

/** `switchyard.registry.v1` is described in `contract-registry-v1.md`. */
function pageOf(packageName: string): string {
  return packageName.replace(/^switchyard\./, 'contract-').replaceAll('.', '-');
}

function overview(): string {
  const rows = own
    .flatMap(({ services }) => services)
    .flatMap((service) =>
      service.methods.map(
        (method) =>
          `| [${service.typeName.replace('switchyard.', '')}](${pageOf(service.file.proto.package)}.md#${anchor(service.name)}) | \`${method.name}\` | ${firstSentence(commentOf(method))} |`,
      ),
    );
  return (
    [
      generated,
      '# The contract',
      'Every RPC of the hub, from the comments in `proto/`. One page for each package:',
      packages.map((name) => `- [\`${name}\`](${pageOf(name)}.md)`).join('\n'),
      ['| service | RPC | what it does |', '| --- | --- | --- |', ...rows].join('\n'),
    ].join('\n\n') + '\n'
  );
}

function page(packageName: string, files: readonly DescFile[]): string {
  const services = files.flatMap((file) => file.services);
  const messages = files.flatMap((file) => file.messages).flatMap(withNested);
  const enums = [
    ...files.flatMap((file) => file.enums),
    ...messages.flatMap((message) => message.nestedEnums),
  ];
  return (
    [
      generated,
      `# \`${packageName}\``,
      '[All packages](contract.md)',
      ...services.map(serviceSection),
      ...messages.filter((message) => !isMapEntry(message)).map(messageSection),
      ...enums.map(enumSection),
    ].join('\n\n') + '\n'
  );
}

function serviceSection(service: DescService): string {
  const methods = service.methods.map((method) => {
    const streams = {
      unary: '',
      server_streaming: 'stream of ',
      client_streaming: '',
      bidi_streaming: 'stream of ',
    };
    const takes =
      method.methodKind === 'bidi_streaming' || method.methodKind === 'client_streaming'
        ? 'a stream of '
        : '';
    const repeat = {
      [MethodOptions_IdempotencyLevel.IDEMPOTENCY_UNKNOWN]: 'not safe to repeat',
      [MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS]: 'a read',
      [MethodOptions_IdempotencyLevel.IDEMPOTENT]: 'safe to repeat',
    }[method.idempotency];
    return `### ${method.name}\n\n${commentOf(method)}\n\nTakes ${takes}${link(method.input)}, returns ${streams[method.methodKind]}${link(method.output)}; ${repeat}.`;
  });
  return [`## ${service.name}`, commentOf(service), ...methods].join('\n\n');
}

function messageSection(message: DescMessage): string {
  const rows = message.fields.map(
    (field) => `| \`${field.name}\` | ${typeOf(field)} | ${inTable(commentOf(field))} |`,
  );
  const table =
    rows.length === 0
      ? 'No fields.'
      : ['| field | type | meaning |', '| --- | --- | --- |', ...rows].join('\n');
  return `## ${localName(message)}\n\n${commentOf(message)}\n\n${table}`;
}

function enumSection(description: DescEnum): string {
  const rows = description.values.map(
    (value) => `| \`${value.name}\` | ${value.number} | ${inTable(commentOf(value))} |`,
  );
  return [
    `## ${localName(description)}`,
    commentOf(description),
    ['| value | number | meaning |', '| --- | --- | --- |', ...rows].join('\n'),
  ].join('\n\n');
}

function typeOf(field: DescField): string {
  const choice = field.oneof === undefined ? '' : ` (one of \`${field.oneof.name}\`)`;
  switch (field.fieldKind) {
    case 'scalar':
      return `\`${ScalarType[field.scalar].toLowerCase()}\`${choice}`;
    case 'enum':
      return `${link(field.enum)}${choice}`;
    case 'message':
      return `${link(field.message)}${choice}`;
    case 'list':
      return `list of ${field.listKind === 'scalar' ? `\`${ScalarType[field.scalar].toLowerCase()}\`` : link(field.listKind === 'enum' ? field.enum : field.message)}`;
    case 'map':
      return `map from \`${ScalarType[field.mapKey].toLowerCase()}\` to ${field.mapKind === 'scalar' ? `\`${ScalarType[field.scalar].toLowerCase()}\`` : link(field.mapKind === 'enum' ? field.enum : field.message)}`;
  }
}

function link(description: DescMessage | DescEnum): string {
  const packageName = description.file.proto.package;
  return packageName.startsWith('switchyard.')
    ? `[${localName(description)}](${pageOf(packageName)}.md#${anchor(localName(description))})`
    : `\`${description.typeName}\``;
}

/** Name within the package: `CatalogChange.Action`. */
function localName(description: DescMessage | DescEnum): string {
  return description.typeName.slice(description.file.proto.package.length + 1);
}

function anchor(heading: string): string {
  return heading.toLowerCase().replaceAll('.', '');
}

function withNested(message: DescMessage): DescMessage[] {
  return [message, ...message.nestedMessages.flatMap(withNested)];
}

function isMapEntry(message: DescMessage): boolean {
  return message.proto.options?.mapEntry === true;
}

/** The comment above a declaration, lines joined as paragraphs. `Errors:` begins one of its own. */
function commentOf(description: Exclude<AnyDesc, DescFile>): string {
  const { leading = '' } = getComments(description);
  return leading
    .trim()
    .split('\n')
    .map((line) => line.trim())
    .join('\n')
    .replace(/\n(?=Errors:)/, '\n\n');
}

function inTable(text: string): string {
  return text.replaceAll('\n', ' ').replaceAll('|', '\\|');
}

function firstSentence(text: string): string {
  return inTable(/^[\s\S]*?[.:](?=\s|$)/.exec(text)?.[0] ?? text).replace(/:$/, '.');
}
