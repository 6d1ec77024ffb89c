import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { ArchiveEntry } from '../../src/format/archive/archive-entry.ts'
import { archiveOf, importFrom, member, tarOf } from '../support/archives.ts'
import { engine } from '../support/built-engine.ts'
import { newRepository, pathsOf, restoreTo } from '../support/repositories.ts'
import { fastFolder, scratchFolder } from '../support/scratch.ts'

type Members = readonly (readonly [ArchiveEntry, string?])[]

const link = (name: string, target: string): readonly [ArchiveEntry] => [
  member({ name, type: 'symlink', linkTarget: Buffer.from(target) }),
]
const hard = (name: string, target: string): readonly [ArchiveEntry] => [
  member({ name, type: 'hardLink', linkTarget: Buffer.from(target) }),
]
const plain = (name: string): readonly [ArchiveEntry, string] => [member({ name }), 'x']
const folder = (name: string): readonly [ArchiveEntry] => [member({ name, type: 'directory' })]

async function outcomeOf(bytes: Buffer, more: object = {}): Promise<string> {
  const place = scratchFolder(fastFolder)
  writeFileSync(join(place, 'backup_1700000000.tar.gz'), bytes)
  const repository = await (await newRepository()).open()
  const { archives } = await importFrom(repository, [place], more)
  const [{ outcome, message }] = archives
  expect(engine.listSnapshots(repository)).toHaveLength(outcome === 'imported' ? 1 : 0)
  return `${outcome} ${message}`
}

describe('a hostile archive is refused as a whole', () => {
  it.each<[string, Members, string]>([
    ['leads up', [plain('../evil')], 'not a name'],
    ['leads up and comes back', [plain('a/../a/b')], 'not a name'],
    ['is absolute', [plain('/etc/cron.d/evil')], 'absolute'],
    ['goes through a link', [link('a', '/etc'), plain('a/passwd')], 'a folder and something else'],
    ['goes through a file', [plain('a'), plain('a/b')], 'a folder and something else'],
    [
      'makes a folder of a link',
      [link('d/a', '/etc'), folder('d/a')],
      'a folder and something else',
    ],
    ['has one name twice', [plain('d/a'), plain('d/a')], 'two members'],
    ['has one name twice, spelt in two ways', [plain('d/a'), plain('./d//a')], 'two members'],
    ['has a file and then a link of one name', [plain('d/a'), link('d/a', 'b')], 'two members'],
    ['has base names twice and a folder', [plain('a'), plain('a'), folder('d')], 'two members'],
    ['links to the outside', [hard('d/a', '/etc/shadow')], 'absolute'],
    ['links up', [hard('d/a', '../../etc/shadow')], 'not a name'],
    ['links to nothing', [hard('d/a', 'd/b'), plain('d/b')], 'no member before it'],
    ['links to a folder', [folder('d'), hard('e/a', 'd')], 'no member before it'],
    ['links to itself', [hard('d/a', 'd/a')], 'no member before it'],
    ['has a link that leads nowhere', [link('d/a', '')], 'without a target'],
    ['is its own root', [plain('.')], 'root'],
    ['has a name that is too long', [plain('n'.repeat(256))], 'not a name'],
    ['has NUL in a name', [plain(`${'n/'.repeat(150)}a\0b`)], 'not a name'],
    ['nests too deep', [plain(`${'d/'.repeat(5000)}a`)], 'too deep'],
  ])('that %s', async (_, members, why) => {
    const text = await outcomeOf(archiveOf(members))
    expect(text).toContain('refused')
    expect(text).toContain(why)
  })

  it('that says another size than it has', async () => {
    const tar = tarOf([[member({ name: 'd/a' }), 'x'.repeat(100)]])
    tar.write('77777777777\0', 124, 'latin1')
    tar.fill(0x20, 148, 156)
    let sum = 0
    for (let at = 0; at < 512; at++) sum += tar[at]
    tar.write(`${sum.toString(8).padStart(6, '0')}\0`, 148, 'latin1')
    expect(await outcomeOf(gzipSync(tar), { bytesMax: 2 ** 40 })).toContain('cut off')
    expect(await outcomeOf(gzipSync(tar), { bytesMax: 1000 })).toContain('more than 1000 bytes')
  })

  it('that holds more than it may', async () => {
    const many = Array.from({ length: 50 }, (_, index) => plain(`d/${index}`))
    expect(await outcomeOf(archiveOf(many), { entriesMax: 49 })).toContain('more than 49 members')
    expect(await outcomeOf(archiveOf(many), { entriesMax: 50 })).toContain('imported')
  })

  it('that is a bomb', async () => {
    const bomb = archiveOf([[member({ name: 'd/zeros' }), '\0'.repeat(20_000_000)]])
    expect(bomb.length).toBeLessThan(100_000)
    expect(await outcomeOf(bomb, { bytesMax: 10_000_000 })).toContain('unpacks to more')
  })

  it('that has a pax header out of bounds', async () => {
    const [header] = [tarOf([[member({ name: 'x'.repeat(300).replaceAll('xxxxx', 'xxxx/') }), '']])]
    const broken = Buffer.from(header)
    // The length of the first record.
    broken.write('999', 512, 'latin1')
    expect(await outcomeOf(gzipSync(broken))).toContain('pax')
  })
})

describe('what is taken', () => {
  it('never leaves the target when it is restored', async () => {
    const place = scratchFolder(fastFolder)
    const members: Members = [link('out', '../../outside'), link('abs', '/etc'), plain('in')]
    writeFileSync(join(place, 'backup_1700000000.tar.gz'), archiveOf(members))
    const repository = await (await newRepository()).open()
    await importFrom(repository, [place])
    const snapshot = engine.resolveSnapshot(repository, 'latest')
    expect(pathsOf(repository, snapshot)).toEqual(['abs', 'in', 'out'])
    expect((await restoreTo(repository, snapshot)).problems).toEqual([])
  })

  it('goes below the base that the importing side names, whatever a comment says', async () => {
    const { encodeTarComment } = await import('../../src/format/archive/encode-tar-header.ts')
    const { encodeArchiveOrigin } = await import('../../src/format/archive/archive-origin.ts')
    const origin = (paths: string[]): Buffer =>
      encodeTarComment(
        encodeArchiveOrigin({
          backupId: 'backup_1700000000',
          type: 'full',
          startedAtMs: 1_700_000_000_000,
          endedAtMs: 1_700_000_000_000,
          hostname: 'h',
          username: 'u',
          paths,
          tags: [],
          description: '',
          excludes: [],
        }),
      )
    const tar = tarOf([plain('d/a')])
    expect(await outcomeOf(gzipSync(Buffer.concat([origin(['../../etc']), tar])))).toContain(
      'refused',
    )
    expect(await outcomeOf(gzipSync(Buffer.concat([origin(['d']), tar])))).toContain('imported')
  })
})
