import { randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

import { until, workspace, type JsonObject, type Workspace } from './workspace.ts'

const MiB = 1 << 20

function names(space: Workspace, folder: string): string[] {
  return readdirSync(join(space.repository, folder))
}

describe('a snapshot that is interrupted', () => {
  it('ends with 130 on SIGINT and leaves no lock, no temporary file and no snapshot', async () => {
    const space = workspace()
    space.done(['init'])
    const running = space.start(['snapshot', '--stdin', '--json'])
    running.process.stdin?.write(randomBytes(20 * MiB))
    await until(() => names(space, 'tmp').length > 0, 'a pack that is being written')
    running.process.kill('SIGINT')
    const result = await running.finished
    expect(result.status).toBe(130)
    expect(result.errorLines.at(-1)).toMatchObject({ error: 'INTERRUPTED', code: 130 })
    expect(names(space, 'tmp')).toEqual([])
    expect(names(space, 'locks')).toEqual([])
    expect(space.done(['list', '--json']).json()).toEqual([])
    space.done(['snapshot', '--stdin'], { input: 'afterwards' })
    expect(space.done(['verify', '--all', '--json']).line('summary')).toMatchObject({
      num_errors: 0,
      snapshots: 1,
    })
  })

  it('ends with 130 on SIGINT also while standard input is silent', async () => {
    const space = workspace()
    space.done(['init'])
    const running = space.start(['snapshot', '--stdin'])
    await until(() => names(space, 'locks').length > 0, 'the lock')
    running.process.kill('SIGINT')
    expect((await running.finished).status).toBe(130)
    expect(names(space, 'locks')).toEqual([])
  })

  it('uses what was stored before a SIGKILL, also when it was alone on the repository', async () => {
    const space = workspace()
    const bytes = randomBytes(40 * MiB)
    space.write('source/file', bytes)
    space.done(['init'])
    const running = space.start(['snapshot', '--stdin', '--stdin-filename', 'file'])
    running.process.stdin?.write(bytes)
    await until(() => names(space, 'packs').length > 0, 'a pack')
    running.process.kill('SIGKILL')
    await running.finished
    const kept = names(space, 'packs')

    expect(space.done(['list', '--json']).json()).toEqual([])
    const summary = space.done(['snapshot', 'source', '--json']).line('summary')
    expect(names(space, 'packs')).toEqual(expect.arrayContaining(kept))
    expect(summary['data_added']).toBeLessThan(bytes.length - 8 * MiB)
    const dumped = space.done(['restore', 'latest', '--target', 'out', '--json']).line('summary')
    expect(dumped).toMatchObject({ bytes_restored: bytes.length, error_count: 0 })
    expect(names(space, 'locks')).toEqual([])
  })
})

describe('two snapshots at the same time', () => {
  it.each([
    ['of one folder', ['shared', 'shared']],
    ['of different folders', ['left', 'right']],
  ])('%s both succeed and are whole', async (_, sources) => {
    const space = workspace()
    for (const source of new Set(sources)) {
      for (let index = 0; index < 40; index++) {
        space.write(`${source}/${index}`, randomBytes(64 * 1024))
      }
    }
    space.done(['init'])
    const runs = sources.map((source) => space.start(['snapshot', source, '--json']))
    const results = await Promise.all(runs.map(({ finished }) => finished))
    expect(results.map(({ status }) => status)).toEqual([0, 0])
    const listed = space.done(['list', '--json']).json() as JsonObject[]
    const ids = results.map((result) => result.line('summary')['snapshot_id'])
    expect(new Set(listed.map(({ id }) => id))).toEqual(new Set(ids))
    expect(new Set(listed.map((each) => each['backup_id'])).size).toBe(2)
    const proved = space.done(['verify', '--all', '--json']).line('summary')
    expect(proved).toMatchObject({ num_errors: 0, snapshots: 2 })
    expect(space.done(['repair', 'catalogue', '--json']).line('summary')).toMatchObject({
      snapshots: 2,
      num_errors: 0,
    })
  })
})
