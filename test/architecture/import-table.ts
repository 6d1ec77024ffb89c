/*
 * Who may import whom: the table of the design (docs/ARCHITECTURE.md), and, in one place with a reason each, where the code
 * differs from it.
 */

const base = ['foundation', 'model'] as const

/** Room (first folder below `src/`) to the rooms that it may import besides itself. */
export const mayImport: Readonly<Record<string, readonly string[]>> = {
  foundation: [],
  model: ['foundation'],
  format: base,
  storage: ['foundation'],
  catalogue: base,
  filesystem: base,
  config: base,
  workers: [...base, 'format'],
  repository: [...base, 'format', 'storage', 'catalogue', 'workers'],
  operations: [...base, 'filesystem', 'workers', 'repository'],
  monitoring: [...base, 'repository'],
  service: [...base, 'config', 'operations', 'repository', 'monitoring'],
  server: [...base, 'config', 'operations', 'monitoring', 'repository', 'service'],
  cli: [...base, 'config', 'operations', 'repository', 'monitoring', 'service', 'server'],
  index: [...base, 'operations', 'repository'],
}

/** A permission beyond the table. Paths are below `src/`; a folder, with a slash at its end, stands for what is in it. */
export interface Exception {
  readonly from: string
  readonly to: string
  readonly reason: string
  /** Only `import type`: shapes, no behaviour. */
  readonly typesOnly?: true
}

export const exceptions: readonly Exception[] = [
  {
    from: 'operations/',
    to: 'format/tree/',
    reason:
      'Operations know files, and files are entries of tree pages: they read and write these columns in place. An own shape ' +
      'in between would be one object for each file, a million of them in a large snapshot.',
  },
  {
    from: 'operations/',
    to: 'format/manifest/path-text.ts',
    reason:
      'A path in a manifest is text or base64; the paths are those that the operation was given.',
  },
  {
    from: 'operations/',
    to: 'catalogue/',
    reason:
      'The shapes of what the repository answers when it is asked for snapshots and places of blobs.',
    typesOnly: true,
  },
  {
    from: 'operations/',
    to: 'format/archive/',
    reason:
      'Export and import are about archives as prune is about packs: they compose members and take them apart.',
  },
  {
    from: 'operations/import/',
    to: 'format/chunker/',
    reason: 'Contents of members are cut into chunks as they come out of the archive.',
  },
  {
    from: 'operations/snapshot/',
    to: 'format/chunker/',
    reason: 'Bytes are cut into chunks where they are read, in the worker, without another copy.',
  },
  {
    from: 'operations/repair/',
    to: 'operations/copy/',
    reason:
      'What is lost comes back from another repository by being copied: the same walk, the same workers.',
  },
  {
    from: 'operations/copy/',
    to: 'format/chunker/',
    reason: 'Contents of another repository are cut anew as they are read, like those of files.',
  },
  {
    from: 'operations/restore/',
    to: 'format/hashing/',
    reason: 'What stands in a file already is hashed to see whether it has to be written at all.',
  },
  {
    from: 'operations/prune/',
    to: 'format/',
    reason:
      'Prune copies live segments from pack to pack as they are; packs are all that it is about.',
  },
]

/** Packages with one owner each, so that a change of one stays in one room. */
export const packageOwners: Readonly<Record<string, readonly string[]>> = {
  '@aws-sdk/client-s3': ['storage/s3/'],
  '@napi-rs/blake-hash': ['format/hashing/'],
  '@noble/hashes': ['format/'],
  '@node-rs/argon2': ['format/encryption/'],
  'better-sqlite3': ['catalogue/'],
  commander: ['cli/'],
  '@hono/node-server': ['server/'],
  '@hono/zod-openapi': ['server/'],
  '@preact/signals': ['server/dashboard/'],
  croner: ['service/'],
  hono: ['server/'],
  'p-limit': ['storage/s3/'],
  nodemailer: ['monitoring/channels/'],
  picomatch: ['filesystem/scan/'],
  pino: ['service/', 'server/'],
  preact: ['server/dashboard/'],
  'prom-client': ['monitoring/'],
  // Source form only: worker threads of the tests load TypeScript. The built package never reaches it.
  tsx: ['foundation/start-thread.ts'],
  yaml: ['config/'],
  'zstd-napi': ['format/compression/'],
}
