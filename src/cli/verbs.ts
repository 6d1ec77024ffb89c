import type { Verb } from './verb.ts'

/** Every command in the order of the help. */
export const verbs: readonly Verb[] = [
  {
    name: 'init',
    aliases: [],
    summary: 'create a repository',
    load: async () => (await import('./commands/init.ts')).defineInit,
  },
  {
    name: 'snapshot',
    aliases: ['backup', 'create'],
    summary: 'save files and directories',
    load: async () => (await import('./commands/snapshot.ts')).defineSnapshot,
  },
  {
    name: 'list',
    aliases: ['snapshots'],
    summary: 'list the snapshots',
    load: async () => (await import('./commands/list.ts')).defineList,
  },
  {
    name: 'ls',
    aliases: [],
    summary: 'list the files of a snapshot',
    load: async () => (await import('./commands/ls.ts')).defineLs,
  },
  {
    name: 'dump',
    aliases: [],
    summary: 'write one file of a snapshot to standard output',
    load: async () => (await import('./commands/dump.ts')).defineDump,
  },
  {
    name: 'restore',
    aliases: [],
    summary: 'bring files of a snapshot back',
    load: async () => (await import('./commands/restore.ts')).defineRestore,
  },
  {
    name: 'verify',
    aliases: [],
    summary: 'read everything of snapshots and prove it intact',
    load: async () => (await import('./commands/verify.ts')).defineVerify,
  },
  {
    name: 'delete',
    aliases: [],
    summary: 'delete snapshots',
    load: async () => (await import('./commands/delete.ts')).defineDelete,
  },
  {
    name: 'prune',
    aliases: [],
    summary: 'free the space that no snapshot needs',
    load: async () => (await import('./commands/prune.ts')).definePrune,
  },
  {
    name: 'status',
    aliases: [],
    summary: 'show what the repository holds',
    load: async () => (await import('./commands/status.ts')).defineStatus,
  },
  {
    name: 'key',
    aliases: [],
    summary: 'manage the passphrases of the repository',
    load: async () => (await import('./commands/key.ts')).defineKey,
  },
  {
    name: 'cat',
    aliases: [],
    summary: 'print what the repository stores, as JSON',
    load: async () => (await import('./commands/cat.ts')).defineCat,
  },
  {
    name: 'repair',
    aliases: [],
    summary: 'rebuild what can be rebuilt',
    load: async () => (await import('./commands/repair.ts')).defineRepair,
  },
  {
    name: 'version',
    aliases: [],
    summary: 'print the version',
    load: async () => (await import('./commands/version.ts')).defineVersion,
  },
]
