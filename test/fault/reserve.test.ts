import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  makeFullDiskWorld,
  stepOnFullDisk,
  type FullDiskOperation,
} from '../support/full-disk/full-disk-campaign.ts'
import { mountExt4Disk, mountTmpfsDisk, type SmallDisk } from '../support/full-disk/small-disk.ts'
import { engine } from '../support/built-engine.ts'
import { newRepository, save } from '../support/repositories.ts'
import { fastFolder, isRoot, scratchFolder } from '../support/scratch.ts'

function mounted(mount: (folder: string) => SmallDisk): SmallDisk {
  const disk = mount(join(scratchFolder(fastFolder), 'disk'))
  onTestFinished(() => disk.unmount())
  return disk
}

describe('the reserve', () => {
  it('is made by init, and made again by a snapshot and by a prune', async () => {
    const { location, open } = await newRepository()
    const reserve = join(location, 'reserve')
    expect(readdirSync(reserve)).toHaveLength(16)
    const handle = await open()
    for (const work of [() => save(handle, scratchFolder()), () => engine.prune(handle)]) {
      rmSync(reserve, { recursive: true })
      await work()
      expect(existsSync(reserve)).toBe(true)
    }
  })

  it('stays when there is room', async () => {
    const { location, cacheDirectory } = await newRepository()
    const handle = await engine.openRepository({ location, cacheDirectory, freesSpace: true })
    await handle.close()
    expect(readdirSync(join(location, 'reserve'))).toHaveLength(16)
  })
})

/** `npm run soak -- full-disk` does all of them with every size. */
describe.runIf(isRoot)('with next to nothing free', () => {
  const rooms: readonly [FullDiskOperation, { bytes?: number; files?: number }][] = [
    ['forget and prune', { bytes: 0 }],
    ['forget and prune', { files: 0 }],
    ['restore from', { bytes: 0 }],
    ['repair catalogue', { bytes: 0 }],
    ['snapshot', { bytes: 400 * 1024 }],
    ['restore to', { bytes: 900 * 1024 }],
  ]

  it('everything stays whole, the message says what is full, and space can be freed', async () => {
    const world = await makeFullDiskWorld(scratchFolder(fastFolder))
    const disk = mounted(mountTmpfsDisk)
    for (const [operation, room] of rooms) {
      const { problems } = await stepOnFullDisk(world, disk, operation, room)
      expect(problems, `${operation} ${JSON.stringify(room)}`).toEqual([])
    }
  })

  it('the last block of an ext4 can be freed as well', async () => {
    const world = await makeFullDiskWorld(scratchFolder(fastFolder))
    const disk = mounted(mountExt4Disk)
    const outcome = await stepOnFullDisk(world, disk, 'forget and prune', { bytes: 0 })
    expect(outcome).toMatchObject({ code: 'done', problems: [] })
  })
})
