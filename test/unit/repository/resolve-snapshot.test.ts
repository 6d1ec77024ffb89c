import { describe, expect, it } from 'vitest'
import type { Repository } from '../../../src/index.ts'
import { engine } from '../../support/built-engine.ts'
import { file, makeTree } from '../../support/make-tree.ts'
import { codeOf, newRepository, save } from '../../support/repositories.ts'
import { fastFolder, scratchFolder } from '../../support/scratch.ts'

async function withSnapshots(
  count: number,
): Promise<{ handle: Repository; ids: string[]; backupIds: string[] }> {
  const handle = await (await newRepository()).open()
  const source = scratchFolder(fastFolder)
  makeTree(source, { a: file('a') })
  const ids: string[] = []
  const backupIds: string[] = []
  for (let index = 0; index < count; index++) {
    const { snapshot } = await save(handle, source, {
      hostname: index % 2 === 0 ? 'even' : 'odd',
      tags: [`tag${index % 3}`, ...(index === 4 ? ['special'] : [])],
      type: index === 2 ? 'config' : 'full',
    })
    ids.push(snapshot.id)
    backupIds.push(snapshot.backupId)
  }
  return { handle, ids, backupIds }
}

function codeFor(handle: Repository, text: string): Promise<string> {
  return codeOf((async () => engine.resolveSnapshot(handle, text))())
}

describe('resolveSnapshot()', () => {
  it('finds by id, prefix, backup id, latest and latest~N', async () => {
    const { handle, ids, backupIds } = await withSnapshots(4)
    for (const [index, id] of ids.entries()) {
      expect(engine.resolveSnapshot(handle, id).id).toBe(id)
      expect(engine.resolveSnapshot(handle, id.slice(0, 20)).id).toBe(id)
      expect(engine.resolveSnapshot(handle, backupIds[index]).id).toBe(id)
      expect(engine.resolveSnapshot(handle, `latest~${3 - index}`).id).toBe(id)
    }
    expect(engine.resolveSnapshot(handle, 'latest').id).toBe(ids[3])
    expect(engine.resolveSnapshot(handle, 'latest', { hostname: 'even' }).id).toBe(ids[2])
    expect(engine.resolveSnapshot(handle, 'latest~1', { hostname: 'even' }).id).toBe(ids[0])
  })

  it('gives backups that begin in the same second ids of their own', async () => {
    const { backupIds } = await withSnapshots(5)
    expect(new Set(backupIds).size).toBe(5)
    for (const backupId of backupIds) expect(backupId).toMatch(/^backup_\d{10}$/)
  })

  it.each([
    'latest~4',
    'latest~',
    'latest~-1',
    'LATEST',
    '',
    '0'.repeat(64),
    '0'.repeat(65),
    'xyz',
    '../config',
    'backup_1',
    'backup_',
    "' OR 1=1 --",
  ])('refuses %j', async (text) => {
    const { handle } = await withSnapshots(1)
    expect(await codeFor(handle, text)).toBe('SNAPSHOT_NOT_FOUND')
  })

  it('lists the candidates of a prefix that is not clear', async () => {
    const { handle, ids } = await withSnapshots(24)
    const counts = new Map<string, number>()
    for (const id of ids) counts.set(id[0], (counts.get(id[0]) ?? 0) + 1)
    // 24 ids have at most 16 first digits.
    const [digit] = [...counts].find(([, times]) => times > 1) ?? ['']
    const candidates = ids.filter((id) => id.startsWith(digit)).sort()
    const work = (async () => engine.resolveSnapshot(handle, digit))()
    const failure = (await work.catch((error: unknown) => error)) as InstanceType<
      typeof engine.HoldfastError
    >
    expect(failure.code).toBe('SNAPSHOT_AMBIGUOUS')
    expect([...(failure.facts['candidates'] as string[])].sort()).toEqual(candidates)
    for (const id of candidates.slice(0, 2)) expect(failure.message).toContain(id.slice(0, 16))
  })
})

describe('listSnapshots()', () => {
  it('gives all, oldest first, or those that pass every filter', async () => {
    const { handle, ids } = await withSnapshots(6)
    const list = (filters?: Parameters<typeof engine.listSnapshots>[1]): number[] =>
      engine.listSnapshots(handle, filters).map(({ id }) => ids.indexOf(id))
    expect(list()).toEqual([0, 1, 2, 3, 4, 5])
    expect(list({ hosts: ['odd'] })).toEqual([1, 3, 5])
    expect(list({ hosts: ['odd', 'even'] })).toEqual([0, 1, 2, 3, 4, 5])
    expect(list({ tags: [['tag1']] })).toEqual([1, 4])
    expect(list({ tags: [['tag1', 'special']] })).toEqual([4])
    expect(list({ tags: [['tag1', 'special'], ['tag0']] })).toEqual([0, 3, 4])
    expect(list({ type: 'config' })).toEqual([2])
    expect(list({ type: 'config', hosts: ['odd'] })).toEqual([])
    expect(list({ hosts: ['nobody'] })).toEqual([])
  })
})
