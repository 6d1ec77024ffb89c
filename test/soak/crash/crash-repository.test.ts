import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { engine } from '../../support/built-engine.ts'
import { seededRandom } from '../../support/faulty-storage.ts'
import { fastFolder, scratchFolder } from '../../support/scratch.ts'
import {
  checkContents,
  checkPresence,
  createRepository,
  openAgain,
  type CrashRepository,
} from './crash-repository.ts'
import { openLedger } from './ledger.ts'
import { openSourceFolder } from './source-folder.ts'
import type { CrashRun } from './standby.ts'

process.env['HOLDFAST_THREADS'] = '0'

/** A repository with one acknowledged snapshot. */
async function attacked(): Promise<{ target: CrashRepository; id: string }> {
  const folder = scratchFolder(fastFolder)
  const source = openSourceFolder(folder, 'a', seededRandom(1))
  const target: CrashRepository = {
    ...(await createRepository(join(folder, 'repository'), false)),
    ledger: openLedger(),
    sources: [source],
  }
  const id = await save(target)
  target.ledger.note(said(target, ['begin 0', `saved ${id} 0`]))
  return { target, id }
}

async function save(target: CrashRepository): Promise<string> {
  const [source] = target.sources
  const repository = await openAgain(target)
  const { snapshot } = await engine.snapshot(repository, {
    paths: [source.path],
    base: source.path,
    description: source.state,
  })
  await repository.close()
  return snapshot?.id ?? ''
}

function said({ sources }: CrashRepository, lines: readonly string[]): CrashRun {
  const [{ path, state }] = sources
  const steps = [{ do: 'snapshot', source: path, description: state }] as const
  return { steps, lines, errors: '', isKilled: true, killedIn: undefined }
}

describe('what judges the crash soaks', () => {
  it('finds nothing in a sound repository, also with a snapshot that was never acknowledged', async () => {
    const { target } = await attacked()
    target.sources[0].change()
    await save(target)
    expect(await checkPresence(target)).toEqual([])
    expect(await checkContents(target)).toEqual([])
    expect(target.ledger.saved()).toHaveLength(2)
  })

  it('finds an acknowledged snapshot that is gone', async () => {
    const { target, id } = await attacked()
    rmSync(join(target.location, 'snapshots', id))
    expect(await checkPresence(target)).toEqual([`acknowledged snapshot ${id} is lost`])
  })

  it('finds a deleted snapshot that is back', async () => {
    const { target, id } = await attacked()
    target.ledger.note({
      ...said(target, ['begin 0', `deleted ${id}`]),
      steps: [{ do: 'delete', ids: [id] }],
    })
    expect(await checkPresence(target)).toEqual([`deleted snapshot ${id} is back`])
  })

  it('finds a pack that is gone, and a damaged object', async () => {
    const { target, id } = await attacked()
    const packs = join(target.location, 'packs')
    for (const name of readdirSync(packs)) rmSync(join(packs, name))
    expect(await checkContents(target)).toContainEqual(expect.stringContaining('missing'))
    writeFileSync(join(target.location, 'snapshots', id), 'x')
    rmSync(join(target.location, 'catalogue.db'))
    expect(await checkPresence(target)).toContain(`acknowledged snapshot ${id} is lost`)
  })

  it('finds a restored file that is not what the source was', async () => {
    const { target, id } = await attacked()
    const [source] = target.sources
    source.scanned(source.state)?.delete('link')
    expect(await checkContents(target)).toEqual([`snapshot ${id} (a 0): link: not expected`])
  })
})
