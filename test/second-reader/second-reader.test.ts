import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
// @ts-expect-error -- plain JavaScript without types, as anybody would write it
import { SecondReader as Untyped } from './second-reader.mjs'

interface Entry {
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly size: number
  readonly mtimeSeconds: number
  readonly mtimeNs: number
  readonly extras: {
    readonly target?: string
    readonly device?: string
    readonly xattrs?: readonly string[]
  }
}

interface Reader {
  readSnapshot(id: string, folder: string): { readonly tree: { id: string; bytes: number } }
  entries(tree: { id: string; bytes: number }): Iterable<[string, Entry]>
  readContent(entry: Entry): Buffer
}

const SecondReader = Untyped as new (location: string, passphrase: string) => Reader
const fixtures = join(import.meta.dirname, '../fixtures/format-1')
const typeNames: Readonly<Record<number, string>> = {
  0o010000: 'fifo',
  0o020000: 'character device',
  0o040000: 'directory',
  0o060000: 'block device',
  0o100000: 'file',
  0o120000: 'symlink',
}

function contentOf(reader: Reader, entry: Entry, type: string): string {
  if (type === 'file') {
    const digest = createHash('sha256')
      .update(reader.readContent(entry))
      .digest('hex')
      .slice(0, 32)
      .slice(0, 32)
    return `${entry.size} bytes ${digest}`
  }
  return entry.extras.target ?? entry.extras.device ?? ''
}

function describeEntry(reader: Reader, entry: Entry): string {
  const type = typeNames[entry.mode & 0o170000]
  const nanoseconds = String(entry.mtimeNs).padStart(9, '0')
  return [
    type,
    (entry.mode & 0o7777).toString(8),
    `${entry.uid}:${entry.gid}`,
    `${entry.mtimeSeconds}.${nanoseconds}`,
    contentOf(reader, entry, type),
    (entry.extras.xattrs ?? []).join(' '),
  ].join('|')
}

describe.each(['plain', 'encrypted', 'parity', 'condemned'])(
  'a reader made from docs/FORMAT.md alone, on the repository "%s"',
  (name) => {
    it('gives every snapshot as it was saved, forgotten ones too', () => {
      const folder = join(fixtures, name)
      const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as {
        snapshots: { id: string; tree: Record<string, string> }[]
        forgotten: string[]
      }
      const reader = new SecondReader(join(folder, 'repository'), 'zweite Paßphrase')
      let read = 0
      for (const { id, tree } of expected.snapshots) {
        const isForgotten = expected.forgotten.includes(id)
        if (isForgotten && name === 'condemned') continue
        const manifest = reader.readSnapshot(id, isForgotten ? 'forgotten' : 'snapshots')
        const found = [...reader.entries(manifest.tree)].map(([path, entry]) => [
          path,
          describeEntry(reader, entry),
        ])
        // Without what only a file system has: which names are one file, and where holes begin.
        const wanted = Object.entries(tree).map(([path, entry]) => [
          path,
          entry.split('|').slice(0, 6).join('|'),
        ])
        expect(Object.fromEntries(found)).toEqual(Object.fromEntries(wanted))
        read += 1
      }
      expect(read).toBeGreaterThanOrEqual(2)
    })
  },
)
