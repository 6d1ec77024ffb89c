import { chmodSync, chownSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { engine } from '../support/built-engine.ts'
import { startOperation } from '../support/child-process.ts'
import { directory, file, makeTree, symlink, type Tree } from '../support/make-tree.ts'
import { randomBytesOf } from '../support/random-bytes.ts'
import {
  codeOf,
  contentOf,
  findings,
  namesIn,
  newRepository,
  pathsOf,
  restoreDifferences,
  save,
  withThreads,
  type TestRepository,
} from '../support/repositories.ts'
import { fastFolder, growTmpfs, isRoot, mountTmpfs, scratchFolder } from '../support/scratch.ts'

const MiB = 1024 * 1024

async function repositoryOnSmallDisk(
  options: string,
  isEncrypted = false,
): Promise<{ repository: TestRepository; disk: string }> {
  const disk = scratchFolder()
  mountTmpfs(disk, options)
  return { repository: await newRepository({ folder: disk, isEncrypted }), disk }
}

function source(seed: string, mebibytes: number): string {
  const folder = scratchFolder(fastFolder)
  const tree: Record<string, Tree[string]> = {}
  for (let index = 0; index < mebibytes * 4; index++) {
    tree[`f${index}`] = file(randomBytesOf(`${seed} ${index}`, MiB / 4))
  }
  makeTree(folder, { files: directory(tree), large: file(randomBytesOf(seed, MiB * 2)) })
  return folder
}

describe.runIf(isRoot)('a full disk', () => {
  it.each([
    { threads: 0, isEncrypted: false },
    { threads: 2, isEncrypted: false },
    { threads: 2, isEncrypted: true },
  ])(
    'gives no snapshot, costs no earlier one, and the same command works when there is room ($threads threads, encrypted: $isEncrypted)',
    async ({ threads, isEncrypted }) => {
      const { repository, disk } = await repositoryOnSmallDisk('size=24m', isEncrypted)
      const handle = await repository.open()
      const small = source('small', 2)
      const first = await save(handle, small)
      writeFileSync(join(disk, 'ballast'), Buffer.alloc(6 * MiB))
      const large = source('large', 14)
      await withThreads(threads, async () => {
        for (let turn = 0; turn < 2; turn++) {
          expect(await codeOf(save(handle, large))).toBe('STORAGE_FULL')
          expect(engine.listSnapshots(handle)).toHaveLength(1)
          expect(namesIn(repository.location, 'locks')).toEqual([])
          expect(namesIn(repository.location, 'tmp')).toEqual([])
        }
        expect(await restoreDifferences(handle, first.snapshot, small)).toEqual([])
        rmSync(join(disk, 'ballast'))
        const second = await save(handle, large)
        expect(await restoreDifferences(handle, second.snapshot, large)).toEqual([])
      })
      expect(await findings(handle)).toEqual([])
    },
  )

  it('can be made room on by deleting and pruning', async () => {
    const { repository, disk } = await repositoryOnSmallDisk('size=20m')
    const handle = await repository.open()
    const old = await save(handle, source('old', 6))
    const kept = source('kept', 2)
    const { snapshot } = await save(handle, kept)
    let ballast = 0
    // To the last page.
    for (let bytes = MiB; bytes >= 4096; bytes /= 4) {
      try {
        for (;;) writeFileSync(join(disk, `ballast ${ballast++}`), Buffer.alloc(bytes))
      } catch {
        rmSync(join(disk, `ballast ${ballast - 1}`), { force: true })
      }
    }
    expect(await codeOf(save(handle, source('new', 1)))).toBe('STORAGE_FULL')
    // A few blocks are enough to free the rest.
    for (const name of readdirSync(disk)
      .filter((entry) => entry.startsWith('ballast'))
      .slice(-12)) {
      rmSync(join(disk, name))
    }
    await engine.forgetSnapshots(handle, [old.snapshot])
    const { bytesFreed } = await engine.prune(handle, { graceMs: 0 })
    expect(bytesFreed).toBeGreaterThan(7 * MiB)
    const next = source('new', 1)
    const saved = await save(handle, next)
    expect(await restoreDifferences(handle, saved.snapshot, next)).toEqual([])
    expect(await restoreDifferences(handle, snapshot, kept)).toEqual([])
    expect(await findings(handle)).toEqual([])
  })

  it('at any size never costs an earlier snapshot', async () => {
    const small = source('small', 1)
    const large = source('large', 3)
    const codes = new Set<string>()
    for (let kibibytes = 4400; kibibytes <= 10_500; kibibytes += 610) {
      const { repository, disk } = await repositoryOnSmallDisk(`size=${kibibytes}k`)
      const full = await repository.open()
      const first = await codeOf(save(full, small))
      const second = await codeOf(save(full, large))
      codes.add(first).add(second)
      const saved = [first, second].filter((code) => code === 'no error').length
      expect(namesIn(repository.location, 'snapshots')).toHaveLength(saved)
      // Where the snapshot was durable and the catalogue had no room for its row, it has one as soon as there is room.
      await full.close()
      growTmpfs(disk, `size=${kibibytes + 1024}k`)
      const handle = await repository.open()
      expect(engine.listSnapshots(handle)).toHaveLength(saved)
      for (const { id } of engine.listSnapshots(handle)) {
        const snapshot = engine.resolveSnapshot(handle, id)
        const paths = pathsOf(handle, snapshot).filter((path) => path.includes('/f'))
        for (const path of paths) await contentOf(handle, snapshot, path)
      }
    }
    expect(codes).toEqual(new Set(['no error', 'STORAGE_FULL']))
  })

  it('of inodes is reported as full, too', async () => {
    const { repository } = await repositoryOnSmallDisk('size=20m,nr_inodes=26')
    const handle = await repository.open()
    const codes: string[] = []
    for (let turn = 0; turn < 8; turn++)
      codes.push(await codeOf(save(handle, source(`${turn}`, 1))))
    expect(codes).toContain('STORAGE_FULL')
    expect(new Set(codes)).toEqual(new Set(['no error', 'STORAGE_FULL']))
    expect(engine.listSnapshots(handle)).toHaveLength(
      codes.filter((code) => code === 'no error').length,
    )
  })
})

describe.runIf(isRoot)('a user without permissions', () => {
  const nobody = { uid: 65_534, gid: 65_534 }

  it('is told that the repository cannot be written to', async () => {
    const repository = await newRepository()
    const folder = source('x', 1)
    chmodSync(folder, 0o755)
    // May look, and not write.
    for (const name of ['', ...readdirSync(repository.location)]) {
      chmodSync(join(repository.location, name), name === 'config' ? 0o644 : 0o755)
    }
    chmodSync(join(repository.location, '..'), 0o755)
    const env = { XDG_CACHE_HOME: scratchForNobody() }
    const child = startOperation(
      { ...repository, cacheDirectory: env.XDG_CACHE_HOME },
      { operation: 'snapshot', source: folder },
      { ...nobody, env },
    )
    expect(await child.ended).toBe(1)
    expect(child.output()).toContain('failed STORAGE_FAILED')
    // Not even look.
    chmodSync(join(repository.location, 'config'), 0o600)
    const blind = startOperation(
      { ...repository, cacheDirectory: env.XDG_CACHE_HOME },
      { operation: 'snapshot', source: folder },
      { ...nobody, env },
    )
    expect(await blind.ended).toBe(1)
    expect(blind.output()).toContain('failed STORAGE_FAILED')
  })

  it('saves everything but what may not be read, and says what that is', async () => {
    const place = scratchForNobody()
    const repository = await newRepository({ folder: place })
    own(place)
    const folder = scratchFolder(fastFolder)
    chmodSync(folder, 0o755)
    makeTree(folder, {
      readable: file('yes'),
      secret: file('no', { mode: 0o600 }),
      'secret folder': directory({ inside: file('no') }, { mode: 0o700 }),
      'blind folder': directory({ inside: file('no') }, { mode: 0o711 }),
      'deaf folder': directory({ inside: file('no'), other: file('no') }, { mode: 0o744 }),
      link: symlink('secret'),
      z: directory({ last: file('yes'), 'large secret': file(Buffer.alloc(2 * MiB), { mode: 0 }) }),
    })
    const child = startOperation(repository, { operation: 'snapshot', source: folder }, nobody)
    expect(await child.ended, child.output() + child.errors()).toBe(0)
    const handle = await repository.open()
    const snapshot = engine.resolveSnapshot(handle, 'latest')
    expect(snapshot.statistics.unreadable).toBe(6)
    expect(
      snapshot.unreadable.map(({ path, message }) => `${JSON.stringify(path)} ${message}`).sort(),
    ).toEqual(
      [
        '"/blind folder" EACCES',
        '"/deaf folder/inside" EACCES',
        '"/deaf folder/other" EACCES',
        '"/secret" EACCES',
        '"/secret folder" EACCES',
        '"/z/large secret" EACCES',
      ].sort(),
    )
    expect(pathsOf(handle, snapshot)).toEqual(
      ['deaf folder', 'link', 'readable', 'z', 'z/last'].sort(),
    )
    expect(snapshot.statistics).toMatchObject({ files: 2, others: 1, directories: 2, newFiles: 2 })
    expect(await findings(handle)).toEqual([])
  })

  function scratchForNobody(): string {
    const folder = join(scratchFolder(fastFolder), 'place')
    chmodSync(join(folder, '..'), 0o755)
    mkdirSync(folder)
    chownSync(folder, nobody.uid, nobody.gid)
    return folder
  }

  function own(folder: string): void {
    chownSync(folder, nobody.uid, nobody.gid)
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) own(path)
      else chownSync(path, nobody.uid, nobody.gid)
    }
  }
})
