import { lstatSync, mkdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { modes } from '../support/forge/forge.ts'
import type { RawEntry } from '../support/forge/raw-page.ts'
import { isRoot } from '../support/scratch.ts'
import { contentOfVictim, hostileWorld, type HostileWorld } from './hostile-world.ts'

const group: Pick<RawEntry, 'flags' | 'inode'> = { flags: 1, inode: 7 }

async function restoreAll(world: HostileWorld, roots: readonly (readonly RawEntry[])[]) {
  const outcomes = []
  for (const entries of roots) {
    outcomes.push(await world.restore(world.forge.snapshot(world.forge.directory(entries))))
    expect(world.harm()).toEqual([])
  }
  return outcomes
}

/** What the second snapshot writes goes through what the first has left. */
describe('a symbolic link of the repository', () => {
  it.each([
    ['relative', '../victim'],
    ['to the folder that it is in', '.'],
    ['to the root', '/'],
    ['through the process', '/proc/self/cwd'],
  ])('that is %s leads nobody out when a folder of its name follows', async (_what, to) => {
    const world = await hostileWorld()
    const { forge, victim } = world
    const inner = forge.directory([
      forge.fileEntry('secret', 'overwritten', { mode: 0o100777 }),
      forge.directoryEntry('inner', forge.directory([forge.fileEntry('file', 'overwritten')])),
    ])
    const [first, second] = await restoreAll(world, [
      [forge.linkEntry('x', to), forge.linkEntry('y', victim)],
      [
        forge.directoryEntry('x', inner, { mode: 0o040777 }),
        forge.directoryEntry('y', inner, { mode: 0o040777 }),
      ],
    ])
    expect(first.result).toMatchObject({ errors: 0, others: 2 })
    expect(second.result.errors).toBeGreaterThanOrEqual(2)
    expect(second.messages.join('\n')).toMatch(/no directory is in its place/)
    expect(contentOfVictim(world)).toBe('the secret')
  })

  it('leads nobody out by a chain of links that each look harmless', async () => {
    const world = await hostileWorld()
    const { forge, target } = world
    const child = forge.directory([forge.fileEntry('secret', 'overwritten')])
    await restoreAll(world, [
      [
        forge.directoryEntry('c', forge.directory([forge.linkEntry('up', '../..')])),
        forge.linkEntry('escape', 'c/up/victim'),
        forge.linkEntry('hop', 'escape'),
      ],
      [forge.directoryEntry('hop', child), forge.directoryEntry('escape', child)],
      [
        forge.directoryEntry(
          'c',
          forge.directory([
            forge.directoryEntry('up', forge.directory([forge.directoryEntry('victim', child)])),
          ]),
        ),
      ],
    ])
    expect(readlinkSync(join(target, 'hop'))).toBe('escape')
    expect(contentOfVictim(world)).toBe('the secret')
  })

  it('is replaced and not followed when a file, a link or a fifo of its name follows', async () => {
    const world = await hostileWorld()
    const { forge, victim, target } = world
    const names = ['file', 'large', 'fifo', 'link']
    await restoreAll(world, [
      names.map((name) => forge.linkEntry(name, join(victim, 'secret'))),
      [
        forge.fileEntry('file', 'mine', { mode: 0o100644 }),
        forge.fileEntry('large', Buffer.alloc(1_200_000, 'x'), { mode: 0o100644 }),
        { name: 'fifo', mode: modes.fifo },
        forge.linkEntry('link', 'file'),
      ],
    ])
    expect(lstatSync(join(target, 'file')).isFile()).toBe(true)
    expect(lstatSync(join(target, 'large')).size).toBe(1_200_000)
    expect(lstatSync(join(target, 'fifo')).isFIFO()).toBe(true)
    expect(readlinkSync(join(target, 'link'))).toBe('file')
  })

  it('does not lead a deletion out', async () => {
    const world = await hostileWorld()
    const { forge, target, victim } = world
    mkdirSync(target, { recursive: true })
    await restoreAll(world, [[forge.linkEntry('x', victim), forge.linkEntry('y', '../victim')]])
    const empty = forge.snapshot(forge.directory([forge.fileEntry('only', 'this')]))
    const { result } = await world.restore(empty, { delete: true })
    expect(result).toMatchObject({ errors: 0, filesDeleted: 2 })
    expect(world.harm()).toEqual([])
  })
})

describe('a group of hard links of the repository', () => {
  it('that begins with a link links the link, and not the file that it leads to', async () => {
    const world = await hostileWorld()
    const { forge, target, victim } = world
    const secret = join(victim, 'secret')
    await restoreAll(world, [
      [
        forge.linkEntry('a', secret, group),
        forge.fileEntry('b', 'overwritten', group),
        forge.linkEntry('c', secret, group),
      ],
    ])
    for (const name of ['a', 'b', 'c']) expect(readlinkSync(join(target, name))).toBe(secret)
    expect(lstatSync(join(target, 'a')).nlink).toBe(3)
    expect(statSync(secret).nlink).toBe(1)
  })

  it('never takes what stood in the target for its first name', async () => {
    const world = await hostileWorld()
    const { forge, target, victim } = world
    await restoreAll(world, [
      [forge.linkEntry('a', join(victim, 'secret'))],
      [forge.fileEntry('a', 'mine', group), forge.fileEntry('b', 'mine', group)],
    ])
    expect(lstatSync(join(target, 'b')).isFile()).toBe(true)
    expect(readFileSync(join(target, 'b'), 'latin1')).toBe('mine')
    expect(statSync(join(target, 'a')).nlink).toBe(2)
  })

  it('does not link to a name whose first file could not be restored', async () => {
    const world = await hostileWorld()
    const { forge, target } = world
    const lost = { id: forge.dataId(Buffer.from('nowhere')), bytes: 7 }
    const [{ result, messages }] = await restoreAll(world, [
      [
        { name: 'a', mode: modes.file, size: 7, references: [lost], ...group },
        forge.fileEntry('b', 'content', group),
      ],
    ])
    expect(result.errors).toBe(2)
    expect(messages.join('\n')).toContain('the file it leads to was not restored')
    expect(() => lstatSync(join(target, 'b'))).toThrow('ENOENT')
  })

  it('over devices and fifos makes no more than these', async () => {
    const world = await hostileWorld()
    const { forge, target } = world
    const [{ result }] = await restoreAll(world, [
      [
        { name: 'a', mode: modes.fifo, ...group },
        { name: 'b', mode: modes.fifo, ...group },
        forge.fileEntry('c', 'file', group),
      ],
    ])
    expect(result.errors).toBe(0)
    expect(lstatSync(join(target, 'c')).isFIFO()).toBe(true)
    expect(lstatSync(join(target, 'c')).nlink).toBe(3)
  })

  it('of folders is refused', async () => {
    const world = await hostileWorld()
    const { forge } = world
    const top = forge.directory([forge.fileEntry('file', 'x')])
    const [{ result }] = await restoreAll(world, [
      [forge.directoryEntry('a', top, group), forge.directoryEntry('b', top, group)],
    ])
    expect(result).toMatchObject({ errors: 1, filesRestored: 0 })
  })
})

describe('a target that a hard link leads out of', () => {
  it('gets a new file, and the other name keeps its content and mode', async () => {
    const world = await hostileWorld()
    const { forge, target, victim } = world
    mkdirSync(target, { recursive: true })
    const { linkSync } = await import('node:fs')
    for (const name of ['equal', 'other', 'large'])
      linkSync(join(victim, 'secret'), join(target, name))
    const before = statSync(join(victim, 'secret'))
    expect(before.nlink).toBe(4)
    const id = forge.snapshot(
      forge.directory([
        forge.fileEntry('equal', 'the secret', { mode: 0o104777, uid: 1, gid: 1 }),
        forge.fileEntry('other', 'overwritten', { mode: 0o100666 }),
        forge.fileEntry('large', Buffer.alloc(1_200_000, 'x'), { mode: 0o100666 }),
      ]),
    )
    const { result } = await world.restore(id)
    expect(result).toMatchObject({ errors: 0, filesRestored: 3 })
    const after = statSync(join(victim, 'secret'))
    expect([after.mode, after.uid, after.size, after.nlink]).toEqual([
      before.mode,
      before.uid,
      before.size,
      1,
    ])
    expect(statSync(join(target, 'equal')).uid).toBe(isRoot ? 1 : before.uid)
  })
})
