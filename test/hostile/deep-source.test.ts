import { describe, expect, it } from 'vitest'
import { AT_FDCWD, posix } from '../../src/filesystem/posix/posix.ts'
import { findings, newRepository, remarks, save } from '../support/repositories.ts'
import { fastFolder, scratchFolder } from '../support/scratch.ts'

describe('folders that a user has nested deeper than a reader goes', () => {
  it('are told of and left out: root must be able to restore its backup of his home', async () => {
    const folder = scratchFolder(fastFolder)
    let fd = posix.openDirectory(AT_FDCWD, Buffer.from(folder))
    const name = Buffer.from('d')
    for (let level = 0; level < 4100; level++) {
      posix.mkdirAt(fd, name, 0o755)
      const below = posix.openDirectory(fd, name)
      posix.close(fd)
      fd = below
    }
    posix.close(fd)
    const repository = await (await newRepository()).open()
    const { statistics, events } = await save(repository, folder)
    expect(statistics).toMatchObject({ unreadable: 1, directories: 4096 })
    expect(remarks(events).join()).toContain('it is more than 4096 folders deep')
    expect(await findings(repository)).toEqual([])
  })
})
