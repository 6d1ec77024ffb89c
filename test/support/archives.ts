import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { encodeTarHeader, paddingOf } from '../../src/format/archive/encode-tar-header.ts'
import type { ArchiveEntry } from '../../src/format/archive/archive-entry.ts'
import type { Actor, ExportResult, ImportResult, Repository, Snapshot } from '../../src/index.ts'
import { engine } from './built-engine.ts'

export const actor: Actor = { via: 'library', user: 'tester' }

/** A member with what does not matter filled in. */
export function member(fields: Partial<ArchiveEntry> & { readonly name: string }): ArchiveEntry {
  const { name, ...rest } = fields
  return {
    type: 'file',
    path: Buffer.from(name),
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: 0,
    mtimeSeconds: 1_700_000_000,
    mtimeNs: 0,
    attributes: [],
    ...rest,
  }
}

/** A tar of members, each with its content, in gzip. */
export function archiveOf(members: readonly (readonly [ArchiveEntry, string?])[]): Buffer {
  return gzipSync(tarOf(members))
}

export function tarOf(members: readonly (readonly [ArchiveEntry, string?])[]): Buffer {
  const parts = members.flatMap(([entry, content = '']) => [
    encodeTarHeader({ ...entry, size: entry.type === 'file' ? content.length : 0 }),
    Buffer.from(content),
    Buffer.alloc(paddingOf(content.length)),
  ])
  return Buffer.concat([...parts, Buffer.alloc(1024)])
}

export async function exportTo(
  repository: Repository,
  snapshot: Snapshot,
  folder: string,
  more: Partial<Parameters<typeof engine.exportSnapshot>[1]> = {},
): Promise<ExportResult> {
  const historyFile = join(folder, 'logs/backup_history.jsonl')
  const options = { snapshot, folder: join(folder, 'backups'), historyFile, projectFolder: folder }
  return await engine.exportSnapshot(repository, { ...options, actor, ...more })
}

export async function importFrom(
  repository: Repository,
  paths: readonly string[],
  more: Partial<Parameters<typeof engine.importArchives>[1]> = {},
): Promise<ImportResult> {
  return await engine.importArchives(repository, { paths, base: '/srv/app', actor, ...more })
}

/** Runs Python with a program and arguments. */
export function python(program: string, ...args: readonly string[]): string {
  return execFileSync('python3', ['-c', program, ...args], { encoding: 'utf8' })
}

export function md5Of(path: string): string {
  return createHash('md5').update(readFileSync(path)).digest('hex')
}

export function writeHistory(file: string, lines: readonly (object | string)[]): void {
  mkdirSync(dirname(file), { recursive: true })
  const text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line)))
  writeFileSync(file, `${text.join('\n')}\n`)
}
