import { chmodSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

import { workspace, type JsonObject, type RunOptions, type Workspace } from './workspace.ts'

const hourMs = 3_600_000

/** Runs the command with a clock that is ahead, negative for one that is behind. */
function clockAhead(hours: number): RunOptions {
  const script = `const now = Date.now; Date.now = () => now() + ${hours * hourMs}`
  return {
    environment: { NODE_OPTIONS: `--import "data:text/javascript,${encodeURIComponent(script)}"` },
  }
}

const backup = 'api: { backup: { paths: { index: data }, verification: true } }\n'

/** A project without a fault, but that nothing runs its schedule. */
function project(more = '', section = backup): Workspace {
  const space = workspace({ HOLDFAST_REPOSITORY: '' })
  space.write('data/file', Buffer.alloc(5000, 1))
  space.write('config.yml', `repository: repo\n${section}${more}`)
  chmodSync(space.at('config.yml'), 0o644)
  space.done(['init'])
  return space
}

function backedUp(more = ''): Workspace {
  const space = project(more)
  space.done(['create', '--type', 'full'])
  return space
}

type Wanted = readonly [severity: string, check: string, message: string, fix: string]

/** Sees the fault among the findings, each with the severity and what mends it, and the exit status that follows. */
function expectFindings(space: Workspace, wanted: readonly Wanted[], options?: RunOptions): void {
  const result = space.run(['doctor', '--json'], options)
  const { findings } = result.line('doctor') as unknown as { findings: JsonObject[] }
  for (const [severity, check, message, fix] of wanted) {
    expect(findings).toContainEqual({
      severity,
      check,
      message: expect.stringContaining(message) as string,
      fix: expect.stringContaining(fix) as string,
    })
  }
  const problems = findings.filter((finding) => finding['severity'] === 'problem')
  const wantedProblems = wanted.filter(([severity]) => severity === 'problem')
  // No finding but those that were provoked.
  expect(problems.map(({ check }) => check)).toEqual(wantedProblems.map(([, check]) => check))
  expect(result.status).toBe(problems.length > 0 ? 1 : 0)
}

describe('holdfast doctor', () => {
  it('finds nothing wrong where nothing is, and changes nothing', () => {
    const space = backedUp()
    const before = readdirSync(space.at('repo'), { recursive: true, encoding: 'utf8' }).toSorted()
    expectFindings(space, [
      ['ok', 'node', `Node ${process.version}`, ''],
      ['ok', 'configuration', 'is valid', ''],
      ['ok', 'paths', 'every configured path is there', ''],
      ['ok', 'repository', 'opens', ''],
      ['ok', 'clock', 'agrees with the storage', ''],
      ['ok', 'proof', 'the last proof that data is intact', ''],
    ])
    const after = readdirSync(space.at('repo'), { recursive: true, encoding: 'utf8' }).toSorted()
    expect(after).toEqual(before)
  })

  it('finds a configuration that is missing, wrong, without a section, or switched off', () => {
    const none = workspace()
    none.done(['init'])
    expectFindings(none, [
      ['warning', 'configuration', 'there is no config.yml here', 'Write one'],
      ['problem', 'backups', 'There is no backup that can be restored', 'holdfast create'],
    ])
    const wrong = project()
    wrong.write('config.yml', `${backup}holdfast: { hots: web1 }\n`)
    expectFindings(wrong, [
      ['problem', 'configuration', 'holdfast.hots is', 'Correct line 2 of'],
      ['problem', 'repository', 'holdfast.hots is', 'Correct line 2 of'],
    ])
    const without = backedUp()
    without.write('config.yml', 'repository: repo\n')
    expectFindings(without, [
      ['warning', 'configuration', 'has no section api.backup', 'Add the section api.backup to'],
    ])
    const off = backedUp()
    off.write(
      'config.yml',
      `repository: repo\n${backup.replace('{ paths', '{ enabled: false, paths')}`,
    )
    expectFindings(off, [
      ['warning', 'configuration', 'switched off', 'Set api.backup.enabled to true in'],
    ])
  })

  it('finds cron expressions, hooks and paths that lead nowhere', () => {
    const space = backedUp()
    space.write(
      'config.yml',
      `repository: repo
api: { backup: { paths: { index: data, cache: nowhere }, verification: true } }
holdfast:
  schedule: { cleanup: "61 * * * *" }
  hooks: { before: no-such-program --now, after: "true" }
`,
    )
    expectFindings(space, [
      ['problem', 'schedule', '61 * * * *', 'config.yml'],
      ['problem', 'hooks', 'no-such-program --now', 'Correct holdfast.hooks.before in'],
      ['ok', 'hooks', 'the program of the hook "after" is there', ''],
      ['warning', 'paths', 'the path of "cache" is missing', 'mkdir -p'],
    ])
    rmSync(space.at('data'), { recursive: true })
    space.write('config.yml', `repository: repo\n${backup}`)
    expectFindings(space, [['problem', 'paths', 'the path of "index" is missing', 'mkdir -p']])
  })

  it('finds secrets, a configuration and a repository that others may touch', () => {
    const space = backedUp()
    space.write(
      'config.yml',
      `repository: repo\n${backup}holdfast: { passphrase_file: pass, also_to: [{ repository: disk, passphrase_file: disk.pass }], server: { token_file: token, certificate_key_file: key } }\n`,
    )
    for (const name of ['pass', 'disk.pass', 'token', 'key']) {
      space.write(name, 'secret')
      chmodSync(space.at(name), 0o644)
    }
    chmodSync(space.at('config.yml'), 0o666)
    chmodSync(space.at('repo'), 0o777)
    expectFindings(space, [
      ['warning', 'permissions', 'the configuration "', `chmod go-w ${space.at('config.yml')}`],
      ['problem', 'permissions', 'the passphrase file "', `chmod go= ${space.at('pass')}`],
      ['problem', 'permissions', 'the passphrase file "', `chmod go= ${space.at('disk.pass')}`],
      [
        'problem',
        'permissions',
        `the secret "${space.at('token')}"`,
        `chmod go= ${space.at('token')}`,
      ],
      ['problem', 'permissions', `the secret "${space.at('key')}"`, `chmod go= ${space.at('key')}`],
      ['warning', 'permissions', 'the repository "', `chmod go-w ${space.at('repo')}`],
    ])
    for (const name of ['disk.pass', 'token', 'key']) chmodSync(space.at(name), 0o600)
    rmSync(space.at('pass'))
    expectFindings(space, [
      ['problem', 'permissions', 'cannot be read (ENOENT)', `Check ${space.at('pass')}`],
    ])
  })

  it('finds a repository that is not there, is closed to it, or is locked', () => {
    const none = workspace()
    none.write('config.yml', `repository: repo\n${backup}`)
    none.write('data/file', 'content')
    const options = { environment: { HOLDFAST_REPOSITORY: '' } }
    expectFindings(none, [['problem', 'repository', 'repo', 'holdfast init']], options)

    const closed = workspace({ HOLDFAST_REPOSITORY: '', HOLDFAST_PASSPHRASE: 'right' })
    closed.write('config.yml', `repository: repo\n${backup}`)
    closed.write('data/file', 'content')
    closed.done(['init'])
    const wrong = { environment: { HOLDFAST_PASSPHRASE: 'wrong' } }
    expectFindings(closed, [['problem', 'repository', 'passphrase', '']], wrong)

    const locked = backedUp()
    // Of another host, so that nobody can tell whether its process lives.
    const record = {
      version: 1,
      kind: 'exclusive',
      operation: 'repair',
      hostname: 'elsewhere',
      bootId: 'b',
      pid: 1,
      startedAtMs: Date.now(),
    }
    locked.write(`repo/locks/${'ab'.repeat(16)}`, JSON.stringify(record))
    expectFindings(locked, [['warning', 'clock', 'cannot be compared', 'Try again later']])
  })

  it('finds damaged and vanished objects', () => {
    const damaged = backedUp()
    const index = join(damaged.at('repo/index'), readdirSync(damaged.at('repo/index'))[0])
    chmodSync(index, 0o600)
    writeFileSync(index, 'damage')
    for (const name of readdirSync(damaged.at('repo'))) {
      if (name.startsWith('catalogue')) rmSync(damaged.at('repo', name))
    }
    expectFindings(damaged, [
      [
        'problem',
        'repository',
        '1 object cannot be used, index/',
        'holdfast check; then holdfast repair',
      ],
    ])

    const vanished = backedUp()
    const [snapshot] = readdirSync(vanished.at('repo/snapshots'))
    rmSync(vanished.at('repo/snapshots', snapshot))
    expectFindings(vanished, [
      ['problem', 'repository', '1 snapshot gone without a record', 'holdfast repair catalogue'],
      ['problem', 'backups', 'There is no backup', 'holdfast create'],
      ['problem', 'backups', '1 backup', 'holdfast check --read-data'],
    ])

    const lost = backedUp()
    for (const name of readdirSync(lost.at('repo/packs'), { recursive: true }) as string[]) {
      rmSync(lost.at('repo/packs', name), { recursive: true, force: true })
    }
    expect(lost.run(['drill']).status).toBe(20)
    expect(lost.run(['verify', '--all']).status).toBe(20)
    expectFindings(lost, [
      ['problem', 'backups', 'There is no backup that can be restored', 'holdfast create'],
      ['problem', 'backups', 'damaged', 'holdfast check --read-data; then holdfast repair'],
      ['problem', 'backups', 'The last restore drill failed', 'holdfast verify --all'],
    ])
  })

  it('finds what the rules say of the backups: failures, size, age, and proof', () => {
    const space = project(
      'holdfast: { alerts: { backup_size: 1K } }\n',
      backup.replace('verification: true', 'verification: false'),
    )
    rmSync(space.at('data'), { recursive: true })
    expect(space.run(['create', '--type', 'full']).status).not.toBe(0)
    space.write('data/file', Buffer.alloc(5000))
    space.done(['create', '--type', 'full'])
    expectFindings(space, [
      ['warning', 'backups', '1 of 2 runs in 30 days failed', 'holdfast list shows'],
      ['warning', 'backups', '1 of 2 runs in 30 days made an intact backup', 'holdfast list shows'],
      ['warning', 'backups', 'The newest full backup has', 'holdfast stats'],
      ['warning', 'proof', 'nothing has been verified yet', 'holdfast verify --all'],
      ['warning', 'schedule', 'nothing runs the schedule', 'holdfast schedule --install'],
    ])
  })

  it('finds a clock that is wrong, a schedule that was missed, and proof that is old', () => {
    const space = backedUp()
    expectFindings(
      space,
      [
        ['problem', 'backups', 'The newest backup is 31 d', 'holdfast create'],
        ['warning', 'proof', 'is 31 d', 'holdfast verify --all'],
        ['problem', 'clock', "ahead of the storage's", 'timedatectl set-ntp true'],
        ['problem', 'schedule', 'the schedule is missed: full, incremental', 'holdfast schedule'],
      ],
      clockAhead(31 * 24),
    )
    expectFindings(
      space,
      [
        ['problem', 'backups', '1 backup dated in the future does not count', 'holdfast create'],
        ['problem', 'clock', "behind the storage's", 'timedatectl set-ntp true'],
        ['warning', 'clock', '1 snapshot dated in the future, backup_', 'Check the clock'],
      ],
      clockAhead(-1),
    )
  })
})
