import { existsSync, readdirSync } from 'node:fs'
import { expect, it } from 'vitest'

import { storeWorkspace } from './support/store-workspace.ts'

it('never saves what this machine keeps of the repository, not even with the home folder', async () => {
  const { space, done } = await storeWorkspace()
  space.write('home/document', 'content')
  space.write('home/large', Buffer.alloc(3_000_000, 'abcdefg'))
  await done(['init'])
  await done(['snapshot', space.at('home')])
  const [folder] = readdirSync(space.at('home/.cache/holdfast/storages'))
  expect(existsSync(space.at('home/.cache/holdfast/storages', folder ?? '', 'tmp'))).toBe(true)
  const { stdout } = await done(['ls', '--recursive', `latest:${space.at('home')}`])
  expect(stdout).toContain('document')
  expect(stdout).toContain('.cache/holdfast/storages')
  // Neither the folder's content nor the catalogue's.
  expect(stdout).not.toMatch(/storages\/[0-9a-f]{32}\/|catalogue\.db/)
})
