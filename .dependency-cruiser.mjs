/**
 * The arrows of docs/architecture.md as a check: a room may import only what is listed for it. Unit tests stand
 * beside the code and follow the same arrows, plus the fakes of base.
 */
const arrows = {
  base: [],
  resilience: ['base'],
  registry: ['base'],
  messaging: ['base', 'resilience'],
  health: ['base', 'resilience'],
  transports: ['base'],
  catalog: ['base', 'resilience'],
  storage: ['base'],
  security: ['base'],
  telemetry: ['base'],
  rpc: ['base', 'resilience', 'registry', 'messaging', 'health', 'catalog', 'security', 'telemetry'],
  hub: [
    'base',
    'resilience',
    'registry',
    'messaging',
    'health',
    'catalog',
    'transports',
    'storage',
    'security',
    'telemetry',
    'rpc',
  ],
};
/** Rooms that may import the generated code. */
const withGenerated = ['catalog', 'transports', 'rpc', 'cli'];
/** Domains reach the world through ports only: no sockets, files or processes. */
const pure = ['resilience', 'registry', 'messaging', 'health'];

const roomRules = Object.entries(arrows).map(([room, allowed]) => ({
  name: `arrows-of-${room}`,
  severity: 'error',
  comment: `src/${room} may import only: ${allowed.join(', ') || 'nothing of ours'}`,
  from: { path: `^src/${room}/` },
  to: { path: '^src/', pathNot: `^src/(${[room, ...allowed].join('|')})/` },
}));

export default {
  forbidden: [
    ...roomRules,
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'A cycle of files is one file in disguise.',
      from: {},
      to: { circular: true },
    },
    {
      name: 'arrows-of-cli',
      severity: 'error',
      comment:
        'Commands talk to a hub as any client does: through the generated code. Only serve and demo start one, and keys-offline opens the store of a stopped one: no running hub could take a call before its first key is made.',
      from: { path: '^src/cli/', pathNot: '^src/cli/(serve|demo|keys-offline)[^/]*\\.ts$' },
      to: { path: '^src/', pathNot: '^src/(cli|base|catalog)/' },
    },
    {
      name: 'generated-code-stays-at-the-edge',
      severity: 'error',
      comment: `Only ${withGenerated.join(', ')} know generated types.`,
      from: { path: '^src/', pathNot: `^src/(${withGenerated.join('|')})/` },
      to: { path: '^gen/' },
    },
    {
      name: 'pure-core',
      severity: 'error',
      comment: 'Domains take the world as ports.',
      from: { path: `^src/(${pure.join('|')})/`, pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?(crypto|buffer|util)$' },
    },
    {
      name: 'no-tests-in-code',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.(test|conformance)\\.ts$' },
      to: { path: '\\.(test|conformance)\\.ts$|^test/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules|^gen' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};
