import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

import { until, workspace, type Finished, type JsonObject, type Workspace } from './workspace.ts'

/** Names of the objects in the repository, to see that nothing was changed. */
function objects(space: Workspace): string[] {
  if (!existsSync(space.repository)) return []
  const entries = readdirSync(space.repository, { recursive: true, encoding: 'utf8' })
  return entries.filter((name) => !name.startsWith('catalogue.db')).toSorted()
}

/** What a failed command says in both forms; it must name a next step. */
function failure(space: Workspace, argv: readonly string[]): { result: Finished; code: unknown } {
  const result = space.run([...argv, '--json'])
  const last = result.errorLines.at(-1) as JsonObject
  expect(last).toMatchObject({ message_type: 'exit_error', code: result.status })
  expect(last['remedy']).not.toBe('')
  const text = space.run(argv)
  expect(text.status).toBe(result.status)
  expect(text.stderr).toMatch(/^holdfast: .*\n(?:.*\n)*Try: .+\n$/)
  return { result: text, code: last['error'] }
}

function withSnapshot(environment: Record<string, string> = {}): Workspace {
  const space = workspace(environment)
  space.write('source/file', 'content that is saved')
  space.done(['init'])
  space.done(['snapshot', 'source'])
  return space
}

describe('exit status', () => {
  it('is 1 for a snapshot that does not exist, and for a source that does not', () => {
    const space = withSnapshot()
    const before = objects(space)
    const { result, code } = failure(space, ['ls', 'backup_12'])
    expect(result.status).toBe(1)
    expect(code).toBe('SNAPSHOT_NOT_FOUND')
    expect(result.stderr).toContain('"backup_12"')

    const missing = failure(space, ['snapshot', 'sourse'])
    expect(missing).toMatchObject({ result: { status: 1 }, code: 'PATH_NOT_FOUND' })
    expect(missing.result.stderr).toContain(space.at('sourse'))

    expect(failure(space, ['init'])).toMatchObject({
      result: { status: 1 },
      code: 'REPOSITORY_EXISTS',
    })
    expect(objects(space)).toEqual(before)
  })

  it('is 1 for the beginning of an id that several snapshots share, and lists them', () => {
    const space = withSnapshot()
    const byDigit = new Map<string, string[]>()
    let shared: string[] = []
    // Sixteen digits: at the latest the seventeenth snapshot shares its first one.
    while (shared.length < 2) {
      const argv = ['snapshot', '--stdin', '--json']
      const id = String(space.done(argv, { input: 'x' }).line('summary')['snapshot_id'])
      shared = [...(byDigit.get(id[0]) ?? []), id]
      byDigit.set(id[0], shared)
    }
    const { result, code } = failure(space, ['ls', shared[0][0]])
    expect(result.status).toBe(1)
    expect(code).toBe('SNAPSHOT_AMBIGUOUS')
    for (const id of shared) expect(result.stderr).toContain(id.slice(0, 16))
    expect(space.run(['ls', shared[0].slice(0, 16)]).status).toBe(0)
  })

  it('is 2 for a command line or a configuration that is wrong, before anything is done', () => {
    const space = workspace()
    space.write('source/file', 'x')
    expect(failure(space, ['snapshto']).result.status).toBe(2)
    expect(failure(space, ['init', '--chunk-size', '100K']).result.status).toBe(2)
    expect(failure(space, ['verify']).result.status).toBe(2)
    space.write('config.yml', 'api:\n  backup:\n    paths:\n      index: 7\n')
    const { result, code } = failure(space, ['create', '--type', 'index'])
    expect(result.status).toBe(2)
    expect(code).toBe('CONFIG_INVALID')
    expect(result.stderr).toMatch(/config\.yml.*line 4/s)
    expect(existsSync(space.repository)).toBe(false)
  })

  it('is 3 when a file cannot be read, and everything else is saved', () => {
    const space = workspace()
    space.write('source/closed', 'nobody may read this')
    space.write('source/open', 'anybody may read this')
    chmodSync(space.at('source/closed'), 0)
    space.done(['init'])
    const result = space.run(['snapshot', 'source', '--json'], { isOrdinaryUser: true })
    expect(result.status).toBe(3)
    expect(result.errorLines).toContainEqual(
      expect.objectContaining({ message_type: 'error', item: space.at('source/closed') }),
    )
    expect(result.line('summary')).toMatchObject({ unreadable: 1, dry_run: false })
    const open = `latest:${space.at('source/open').slice(1)}`
    expect(space.done(['dump', open]).stdout).toBe('anybody may read this')
    const text = space.run(['snapshot', 'source', '--read-all'], { isOrdinaryUser: true })
    expect(text.status).toBe(3)
    expect(text.stderr).toContain(`unreadable: ${space.at('source/closed')}`)
  })

  it('is 10 where there is no repository, and none is made', () => {
    const space = workspace()
    for (const argv of [['list'], ['snapshot', '.'], ['verify', '--all'], ['prune']]) {
      const { result, code } = failure(space, argv)
      expect(result.status).toBe(10)
      expect(code).toBe('REPOSITORY_NOT_FOUND')
      expect(result.stderr).toContain(space.repository)
    }
    expect(existsSync(space.repository)).toBe(false)
  })

  it('is 11 for a repair while a snapshot is being made, which goes on undisturbed, also beside a prune', async () => {
    const space = withSnapshot()
    const running = space.start(['snapshot', '--stdin', '--json'])
    running.process.stdin?.write('first half, ')
    await until(() => readdirSync(join(space.repository, 'locks')).length > 0, 'the lock')
    expect(space.run(['prune']).status).toBe(0)
    const { result, code } = failure(space, ['repair', 'catalogue'])
    expect(result.status).toBe(11)
    expect(code).toBe('REPOSITORY_LOCKED')
    expect(result.stderr).toContain(String(running.process.pid))
    running.process.stdin?.end('second half')
    expect((await running.finished).status).toBe(0)
    expect(space.done(['dump', 'latest:stdin']).stdout).toBe('first half, second half')
    expect(space.run(['prune']).status).toBe(0)
  })

  it('is 12 for a passphrase that is wrong or missing, and for an empty one at init', () => {
    const space = withSnapshot({ HOLDFAST_PASSPHRASE: 'right' })
    const before = objects(space)
    for (const argv of [['list'], ['snapshot', 'source'], ['restore', 'latest']]) {
      const environment = { HOLDFAST_PASSPHRASE: 'wrong' }
      const result = space.run(argv, { environment })
      expect(result.status).toBe(12)
      expect(result.stdout).toBe('')
      expect(result.stderr).toMatch(/^holdfast: .*passphrase.*\nTry: /)
    }
    const none = workspace()
    const missing = none.run(['list', '--repo', space.repository])
    expect(missing.status).toBe(12)
    expect(none.run(['init'], { environment: { HOLDFAST_PASSPHRASE: '' } }).status).toBe(12)
    expect(existsSync(none.repository)).toBe(false)
    expect(objects(space)).toEqual(before)
  })

  it('is 20 when a bit of a pack has flipped, and says which file is lost', () => {
    const space = withSnapshot()
    const packs = readdirSync(join(space.repository, 'packs'))
    expect(packs).toHaveLength(1)
    const pack = join(space.repository, 'packs', packs[0])
    const bytes = readFileSync(pack)
    // Behind the header of 64 bytes: the payload of the first segment, which holds the file.
    bytes[70] ^= 1
    writeFileSync(pack, bytes)

    const result = space.run(['verify', '--all', '--json'])
    expect(result.status).toBe(20)
    expect(result.errorLines).toContainEqual(
      expect.objectContaining({ message_type: 'error', object_id: `packs/${packs[0]}` }),
    )
    expect(result.errorLines).toContainEqual(
      expect.objectContaining({ item: space.at('source/file'), offset: 0 }),
    )
    const file = `latest:${space.at('source/file').slice(1)}`
    const dump = space.run(['dump', file])
    expect(dump.status).toBe(20)
    expect(dump.stdout).toBe('')
    const restored = space.run(['restore', 'latest', '--target', 'out'])
    expect(restored.status).toBe(1)
    expect(restored.stderr).toMatch(/verif/)
    expect(existsSync(space.at('out'))).toBe(false)
  })

  it('is 21 when the storage refuses', () => {
    const space = withSnapshot()
    chmodSync(join(space.repository, 'packs'), 0)
    space.write('source/more', 'something new')
    const result = space.run(['snapshot', 'source'], { isOrdinaryUser: true })
    expect(result.status).toBe(21)
    expect(result.stderr).toMatch(/^holdfast: .*packs.*\n(?: .*\n)*Try: /)
    chmodSync(join(space.repository, 'packs'), 0o700)
    expect(space.done(['list', '--json']).json()).toHaveLength(1)
  })
})

describe('every command', () => {
  const commands = 'init snapshot list ls dump restore verify delete prune status key cat repair'

  it('has help with examples, and the list of commands names it', () => {
    const space = workspace()
    const overview = space.done(['--help']).stdout
    for (const command of [...commands.split(' '), 'version']) {
      expect(overview).toMatch(new RegExp(`^  ${command}\\b`, 'm'))
    }
    for (const command of ['snapshot', 'restore', 'key']) {
      expect(space.done([command, '--help']).stdout).toMatch(/Examples:\n {2}\S*\s*holdfast /)
    }
  })
})
