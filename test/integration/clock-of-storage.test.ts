import { utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { engine } from '../support/built-engine.ts'
import { newRepository } from '../support/repositories.ts'
import { fastFolder, scratchFolder } from '../support/scratch.ts'

/** Backs up to a storage whose clock is so far from this machine's. @returns what was told */
async function noticesWith(aheadMs: number): Promise<string[]> {
  const source = scratchFolder(fastFolder)
  writeFileSync(join(source, 'file'), 'content')
  const place = await newRepository()
  const repository = await place.open()
  const { storage } = repository
  const put = storage.put.bind(storage)
  storage.put = async (name, bytes) => {
    await put(name, bytes)
    const seconds = (Date.now() - aheadMs) / 1000
    if (name.startsWith('locks/')) utimesSync(join(place.location, name), seconds, seconds)
  }
  const notices: string[] = []
  await engine.snapshot(repository, {
    paths: [source],
    onEvent: (event) => {
      if (event.type === 'notice') notices.push(event.message)
    },
  })
  return notices
}

describe('a clock that is wrong', () => {
  it.each([
    [12, '12 minutes ahead of the storage'],
    [-7, '7 minutes behind the storage'],
  ])('by %i minutes is told at each backup', async (minutes, text) => {
    const notices = await noticesWith(minutes * 60_000)
    expect(notices.filter((notice) => notice.includes(text))).toHaveLength(1)
  })

  it('by less than five minutes is nobody to be bothered with', async () => {
    expect(await noticesWith(4 * 60_000)).toEqual([])
    expect(await noticesWith(-4 * 60_000)).toEqual([])
  })
})
