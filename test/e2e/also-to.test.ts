import { chmodSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { workspace, type JsonObject, type Workspace } from './workspace.ts'

function list(space: Workspace, repository: string): JsonObject[] {
  return space.done(['list', '--json', '--repo', repository]).json() as JsonObject[]
}

function threeRepositories(): Workspace & { readonly disk: string; readonly far: string } {
  const space = workspace({ HOLDFAST_PASSPHRASE: 'shared' })
  const [disk, far] = [space.at('disk'), space.at('far')]
  for (const repository of [space.repository, disk, far]) {
    space.done(['init', '--repo', repository])
  }
  space.write('data/notes.txt', 'first')
  return { ...space, disk, far }
}

describe('holdfast snapshot --also-to', () => {
  it('saves once, and the snapshot is in every repository', () => {
    const space = threeRepositories()
    const argv = ['snapshot', 'data', '--also-to', space.disk, '--also-to', space.far]
    const saved = space.done(argv)
    expect(saved.stdout).toContain(`Copied to ${space.disk}, stored as`)
    const summary = space.done([...argv, '--json']).line('summary')
    expect(summary['also_to']).toMatchObject([
      { repository: space.disk, copied: 1, error: null },
      { repository: space.far, copied: 1, error: null },
    ])
    const own = list(space, space.repository)
    for (const repository of [space.disk, space.far]) {
      const ids = list(space, repository).map(({ original }) => original)
      expect(ids).toMatchObject(own.map(({ id }) => ({ snapshot_id: id })))
    }
    space.done(['restore', 'latest', '--repo', space.far, '--target', space.at('restored')])
    const path = join(space.at('restored'), space.at('data/notes.txt'))
    expect(readFileSync(path, 'utf8')).toBe('first')
  })

  it('does the others when one is away, says so with status 21, and catches up', () => {
    const space = threeRepositories()
    const argv = ['snapshot', 'data', '--also-to', space.disk, '--also-to', space.far]
    space.done(argv)
    renameSync(space.disk, `${space.disk}-away`)
    for (const content of ['second', 'third']) {
      space.write('data/notes.txt', content)
      const saved = space.run(argv)
      expect(saved.status).toBe(21)
      expect(saved.stderr).toContain(`failed: No copy in "${space.disk}"`)
      expect(saved.stdout).toContain(`Copied to ${space.far}`)
    }
    renameSync(`${space.disk}-away`, space.disk)
    space.write('data/notes.txt', 'fourth')
    expect(space.done(argv).stdout).toContain(`Copied to ${space.disk}, with 2 that it had missed`)
    expect(list(space, space.disk)).toHaveLength(4)
    expect(list(space, space.far)).toHaveLength(4)
    space.done(['verify', '--all', '--repo', space.disk])
  })

  it('saves into another one when the first is away, which gets all of it back later', () => {
    const space = threeRepositories()
    const argv = ['snapshot', 'data', '--also-to', space.disk, '--also-to', space.far]
    space.done(argv)
    renameSync(space.repository, space.at('away'))
    space.write('data/notes.txt', 'second')
    const saved = space.run(argv)
    expect(saved.status).toBe(21)
    expect(saved.stderr).toContain(`failed: No copy in "${space.repository}"`)
    expect(list(space, space.far)).toHaveLength(2)
    renameSync(space.at('away'), space.repository)
    space.write('data/notes.txt', 'third')
    space.done(argv)
    const all = [space.repository, space.disk, space.far].map((one) => list(space, one))
    expect(all.map((snapshots) => snapshots.length)).toEqual([3, 3, 3])
    // Nothing comes twice, whichever way it went.
    space.done(argv)
    expect(list(space, space.repository)).toHaveLength(4)
    space.done(['verify', '--all'])
  })

  it('ends with the error of the first when none can be reached', () => {
    const space = threeRepositories()
    for (const one of [space.repository, space.disk]) rmSync(one, { recursive: true })
    expect(space.run(['snapshot', 'data', '--also-to', space.disk]).status).toBe(10)
  })

  it('does not bring a whole history, nor what was forgotten there', () => {
    const space = threeRepositories()
    space.done(['snapshot', 'data'])
    space.done(['snapshot', 'data'])
    const argv = ['snapshot', 'data', '--also-to', space.disk]
    space.done(argv)
    expect(list(space, space.disk)).toHaveLength(1)
    space.done(argv)
    const [oldest] = list(space, space.disk)
    space.done(['delete', String(oldest['id']), '--yes', '--repo', space.disk])
    space.done(argv)
    expect(list(space, space.disk)).toHaveLength(2)
  })

  it('stores nothing on a dry run', () => {
    const space = threeRepositories()
    space.done(['snapshot', 'data', '--dry-run', '--also-to', space.disk])
    expect(list(space, space.disk)).toEqual([])
  })
})

describe('holdfast.also_to', () => {
  it('copies each backup of config.yml, with passphrases of their own, also those of the schedule', () => {
    const space = workspace()
    const disk = space.at('disk')
    space.done(['init', '--repo', space.at('repo')])
    space.done(['init', '--repo', disk], { environment: { HOLDFAST_PASSPHRASE: 'of the disk' } })
    space.write('disk.pass', 'of the disk\n')
    chmodSync(space.at('disk.pass'), 0o600)
    space.write('data/index/vectors', 'vectors')
    space.write(
      'config.yml',
      'repository: ./repo\napi:\n  backup:\n    paths:\n      index: data/index/\n' +
        'holdfast:\n  also_to:\n    - repository: disk\n      passphrase_file: disk.pass\n',
    )
    const environment = { HOLDFAST_REPOSITORY: '' }
    const listDisk = (): JsonObject[] =>
      space
        .done(['list', '--json', '--repo', disk], {
          environment: { HOLDFAST_PASSPHRASE: 'of the disk' },
        })
        .json() as JsonObject[]
    const scheduled = space.done(['schedule'], { environment })
    expect(scheduled.stdout).toContain('Scheduled backup created')
    expect(listDisk()).toMatchObject([{ backup_type: 'full' }])
    space.done(['create', '--type', 'incremental'], { environment })
    expect(listDisk()).toHaveLength(2)
    space.write('disk.pass', 'wrong\n')
    const failed = space.run(['create', '--type', 'incremental'], { environment })
    expect(failed.status).toBe(21)
    expect(failed.stderr).toContain('No copy in')
    const runs = space.done(['list', '--json'], { environment }).json() as JsonObject[]
    // The backup is there, and no failed run.
    expect(runs.filter(({ id }) => id === null)).toEqual([])
    expect(runs).toHaveLength(3)
    expect(readdirSync(join(disk, 'locks'))).toEqual([])
  })
})
