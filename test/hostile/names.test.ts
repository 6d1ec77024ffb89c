import { existsSync, readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { engine } from '../support/built-engine.ts'
import { codeOf, describeDamage } from '../support/repositories.ts'
import { scanTree } from '../support/scan-tree.ts'
import { hostileWorld } from './hostile-world.ts'

/** None of these is one component of a path, or fits into one. */
const refused: readonly (readonly [string, string])[] = [
  ['the folder above', '..'],
  ['the folder itself', '.'],
  ['nothing', ''],
  ['the root', '/'],
  ['an absolute path', '/etc/holdfast-was-here'],
  ['a path up', '../victim/secret'],
  ['a path down', 'a/b'],
  ['a slash behind it', 'a/'],
  ['a slash before it', '/a'],
  ['a zero byte', 'a\0b'],
  ['a zero byte behind two dots', '..\0'],
  ['256 bytes', 'n'.repeat(256)],
  ['4,096 bytes', 'n'.repeat(4096)],
]

/** Odd, and names all the same. */
const kept: readonly string[] = [
  '...',
  '.. ',
  ' ..',
  '\\',
  '..\\victim\\secret',
  'C:x',
  'CON',
  'NUL.txt',
  'a.',
  'a ',
  '~',
  '-rf',
  '%2e%2e%2f',
  '\xc0\xae\xc0\xae',
  '\xef\xbc\x8e\xef\xbc\x8e',
  '\xff\xfe',
  '\xc3\xa9',
  'e\xcc\x81',
  'Case',
  'case',
  'n'.repeat(255),
  '\n',
  '\x1b[2J',
  '\xe2\x80\xae',
  '.holdfast-partial-0123456789abcdef01234567',
]

describe('a name in a page that is sealed as it should be', () => {
  it.each(refused)('is refused when it is %s, by every reader', async (_what, name) => {
    const world = await hostileWorld()
    const { forge } = world
    const id = forge.snapshot(
      forge.directory([forge.fileEntry(name, 'escaped'), forge.fileEntry('good', 'good')]),
    )
    const { result, messages } = await world.restore(id)
    expect(result.errors).toBeGreaterThan(0)
    expect(messages.join('\n')).toMatch(/name that is not allowed|order of names/)
    expect(existsSync(world.target) ? readdirSync(world.target) : []).toEqual([])
    expect(world.harm()).toEqual([])
    const repository = await world.open()
    const snapshot = engine.resolveSnapshot(repository, id)
    const list = async () => [...engine.listTree(repository, snapshot, Buffer.from('/'))]
    expect(await codeOf(list())).toBe('OBJECT_DAMAGED')
    const verified = await engine.verify(repository, {})
    expect(describeDamage(verified).join('\n')).toMatch(/name that is not allowed/)
    expect(await codeOf(engine.prune(repository, {}))).toMatch(/OBJECT_(DAMAGED|MISSING)/)
  })

  it('is refused also as that of a folder, a link and a page below a page', async () => {
    const world = await hostileWorld()
    const { forge } = world
    const file = forge.directory([forge.fileEntry('file', 'escaped')])
    const leaf = forge.page({ entries: [forge.fileEntry('..', 'escaped')] })
    const tops = [
      forge.directory([forge.directoryEntry('..', file)]),
      forge.directory([forge.linkEntry('..', '/etc')]),
      forge.directory([
        forge.directoryEntry('a', forge.directory([forge.directoryEntry('../victim', file)])),
      ]),
      forge.page({ level: 1, entries: [{ name: '..', mode: 0, size: 1, references: [leaf] }] }),
    ]
    for (const top of tops) {
      const { result } = await world.restore(forge.snapshot(top))
      expect(result.errors).toBeGreaterThan(0)
      expect(world.harm()).toEqual([])
    }
    expect([...scanTree(world.target).keys()]).toEqual(['a'])
  })

  it('comes back exactly when it is only odd', async () => {
    const world = await hostileWorld()
    const { forge } = world
    const id = forge.snapshot(forge.directory(kept.map((name) => forge.fileEntry(name, name))))
    const { result, messages } = await world.restore(id)
    expect(messages).toEqual([])
    expect(result.filesRestored).toBe(kept.length)
    expect([...scanTree(world.target).keys()].sort()).toEqual([...kept].sort())
    expect(world.harm()).toEqual([])
  })

  it.each([
    ['twice', ['a', 'a']],
    ['out of order', ['b', 'a']],
  ])('is refused when it comes %s', async (_what, names) => {
    const world = await hostileWorld()
    const { forge } = world
    const id = forge.snapshot(
      forge.directory(
        names.map((name, index) => forge.fileEntry(name, `content ${index}`)),
        false,
      ),
    )
    const { result, messages } = await world.restore(id)
    expect(result).toMatchObject({ errors: 1, filesRestored: 0 })
    expect(messages.join()).toContain('not in the order of names')
  })

  it('is refused when it stands on two pages of one folder', async () => {
    const world = await hostileWorld()
    const { forge } = world
    const page = (content: string) => forge.page({ entries: [forge.fileEntry('a', content)] })
    const id = forge.snapshot(
      forge.page({
        level: 1,
        entries: ['a', 'a'].map((name, index) => ({
          name,
          mode: 0,
          size: 1,
          references: [page(`content ${index}`)],
        })),
      }),
    )
    expect((await world.restore(id)).result.errors).toBe(1)
    const wide = forge.snapshot(
      forge.page({
        level: 1,
        entries: ['a', 'b'].map((name) => ({
          name,
          mode: 0,
          size: 2,
          references: [
            forge.page({ entries: [forge.fileEntry(name, name), forge.fileEntry('c', 'c')] }),
          ],
        })),
      }),
    )
    const { messages } = await world.restore(wide)
    expect(messages.join()).toContain('names of two pages overlap')
  })
})
