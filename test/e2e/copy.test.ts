import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { workspace, type Workspace } from './workspace.ts'

/** Two repositories with passphrases of their own, the first with two snapshots. */
function twoRepositories(): Workspace & { readonly other: string } {
  const space = workspace({ HOLDFAST_PASSPHRASE: 'one', HOLDFAST_FROM_PASSPHRASE: 'two' })
  const other = space.at('other')
  space.done(['init'])
  space.done(['init', '--repo', other], { environment: { HOLDFAST_PASSPHRASE: 'two' } })
  space.write('data/notes.txt', 'first')
  space.write('data/more/log', 'line\n'.repeat(1000))
  const save = (): void => {
    space.done(['snapshot', 'data', '--repo', other, '--tag', 'kept'], {
      environment: { HOLDFAST_PASSPHRASE: 'two' },
    })
  }
  save()
  space.write('data/notes.txt', 'second')
  save()
  return { ...space, other }
}

describe('holdfast copy', () => {
  it('copies all snapshots once, and they restore', () => {
    const space = twoRepositories()
    const dry = space.done(['copy', '--from', space.other, '--dry-run'])
    expect(dry.stdout).toContain('Would copy 2 snapshots')
    const copied = space.done(['copy', '--from', space.other, '--verify', '--json'])
    expect(copied.line('summary')).toMatchObject({ copied: 2, present: 0, verified: true })
    const first = copied.line('copy')
    space.done(['restore', String(first['snapshot_id']), '--target', space.at('restored')])
    expect(readFileSync(join(space.at('restored'), space.at('data/notes.txt')), 'utf8')).toBe(
      'first',
    )
    const again = space.done(['copy', '--from', space.other])
    expect(again.stdout).toContain('Copied 0 snapshots')
    const list = space.done(['list', '--json']).json() as Record<string, unknown>[]
    expect(list).toHaveLength(2)
    expect(list[0]).toMatchObject({ tags: ['kept'], original: { snapshot_id: first['source_id'] } })
    expect(space.done(['check', '--read-data']).stdout).toContain('No damage')
  })

  it('copies from a repository that can only be read', () => {
    const space = twoRepositories()
    execFileSync('chmod', ['-R', 'a-w', space.other])
    const copied = space.run(['copy', '--from', space.other, 'latest'], { isOrdinaryUser: true })
    expect(copied.stderr).toBe('')
    expect(copied.status).toBe(0)
    expect(copied.stdout).toContain('Copied 1 snapshot')
    expect(readdirSync(join(space.other, 'locks'))).toEqual([])
  })

  it('hands its passphrases to nobody that it starts', () => {
    const space = twoRepositories()
    const script = `env > '${space.at('seen')}'; echo two`
    space.done(['copy', '--from', space.other, '--from-passphrase-command', `sh -c "${script}"`])
    expect(readFileSync(space.at('seen'), 'utf8')).not.toMatch(/PASSPHRASE/)
  })

  it('tells what is lost, and copies nothing half', () => {
    const space = twoRepositories()
    for (const name of readdirSync(join(space.other, 'packs'))) {
      rmSync(join(space.other, 'packs', name))
    }
    const copied = space.run(['copy', '--from', space.other])
    expect(copied.status).toBe(20)
    expect(copied.stderr).toContain('damaged: /')
    expect(copied.stdout).toContain('2 damaged and not copied')
    expect(space.done(['list', '--json']).json()).toEqual([])
  })

  it('says what is wrong with the other repository', () => {
    const space = workspace()
    space.done(['init'])
    expect(space.run(['copy', '--from', space.at('nowhere')]).status).toBe(10)
    expect(space.run(['copy', '--from', space.repository]).status).toBe(2)
    mkdirSync(space.at('other'))
    space.done(['init', '--repo', space.at('other')], { environment: { HOLDFAST_PASSPHRASE: 'p' } })
    expect(space.run(['copy', '--from', space.at('other')]).status).toBe(12)
    const environment = { HOLDFAST_FROM_PASSPHRASE: 'wrong' }
    expect(space.run(['copy', '--from', space.at('other')], { environment }).status).toBe(12)
  })
})

describe('holdfast repair packs --from', () => {
  it('heals a repository of which every pack is gone', () => {
    const space = twoRepositories()
    space.done(['copy', '--from', space.other])
    for (const name of readdirSync(join(space.repository, 'packs'))) {
      rmSync(join(space.repository, 'packs', name))
    }
    expect(space.run(['repair', 'packs', '--from', space.other]).status).toBe(20)
    const repaired = space.done(['repair', 'packs', '--apply', '--from', space.other])
    expect(repaired.stdout).toContain('came back')
    space.done(['verify', '--all'])
    space.done(['restore', 'latest', '--target', space.at('restored')])
    const path = join(space.at('restored'), space.at('data/notes.txt'))
    expect(readFileSync(path, 'utf8')).toBe('second')
  })
})
