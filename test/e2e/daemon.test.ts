import { execFileSync, spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'

import { checkout, workspace, type Workspace } from './workspace.ts'

function project(): Workspace {
  const place = workspace()
  place.write('data/index/a', 'content')
  place.write('config.yml', 'api:\n  backup:\n    paths: {index: data/index, config: config.yml}\n')
  place.done(['init'])
  return place
}

async function snapshotsOf(place: Workspace, wanted: number): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const snapshots = place.done(['list', '--json']).json() as unknown[]
    if (snapshots.length >= wanted) return snapshots.length
    await sleep(200)
  }
  return -1
}

describe('holdfast daemon', () => {
  it('makes what is due, lets no second one in, reads its configuration again, and stops in order', async () => {
    const place = project()
    const daemon = place.start(['daemon'])
    expect(await snapshotsOf(place, 1)).toBe(1)
    const second = place.run(['daemon'])
    expect(second.status).toBe(11)
    expect(second.stderr).toContain(`process ${daemon.process.pid} does it already`)
    place.write('config.yml', 'api:\n  backup:\n    wrong: 1\n')
    daemon.process.kill('SIGHUP')
    await sleep(1_000)
    daemon.process.kill('SIGTERM')
    const { status, lines } = await daemon.finished
    expect(status).toBe(0)
    const messages = lines.map(({ msg }) => msg)
    expect(messages).toContain('daemon started')
    expect(messages).toContain('job done')
    expect(messages).toContain('the configuration is wrong, the one before stays in use')
    expect(messages.at(-1)).toBe('daemon stopped')
  })

  it('refuses a configuration that is switched off', () => {
    const place = project()
    place.write('config.yml', 'api:\n  backup:\n    enabled: false\n')
    for (const verb of ['daemon', 'schedule', 'create']) {
      expect(place.run([verb]).status, verb).toBe(2)
    }
  })
})

describe("the guide's crontab lines", () => {
  it('work as they are written', () => {
    const place = workspace()
    for (const name of [
      'Makefile',
      'build.js',
      'config.yml',
      'package.json',
      'package-lock.json',
      'tsconfig.json',
      '.ci',
    ]) {
      cpSync(join(checkout, name), place.at(name), { recursive: true, preserveTimestamps: true })
    }
    for (const name of ['src', 'dist']) {
      cpSync(join(checkout, name), place.at(name), { recursive: true, preserveTimestamps: true })
    }
    mkdirSync(place.at('node_modules'))
    for (const name of readdirSync(join(checkout, 'node_modules'))) {
      if (name.startsWith('.')) continue
      symlinkSync(join(checkout, 'node_modules', name), place.at('node_modules', name))
    }
    // As after `make setup`: each of these is newer than what it is made from.
    writeFileSync(place.at('node_modules/.holdfast-installed'), '')
    const soon = new Date(Date.now() + 1000)
    utimesSync(place.at('src/filesystem/posix/build/Release/posix.node'), soon, soon)
    const later = new Date(Date.now() + 2000)
    utimesSync(place.at('dist/cli/main.js'), later, later)
    const cron = (target: string) =>
      spawnSync('/bin/sh', ['-c', `cd ${place.folder} && make ${target}`], {
        encoding: 'utf8',
        // What cron gives, and where node is.
        env: {
          HOME: place.at('home'),
          SHELL: '/bin/sh',
          PATH: `${join(process.execPath, '..')}:/usr/bin:/bin`,
        },
      })
    const created = cron('backup-create')
    expect(created.status, created.stderr).toBe(0)
    expect(created.stdout).toContain('Saved snapshot')
    const scheduled = cron('backup-schedule')
    expect(scheduled.status, scheduled.stderr).toBe(0)
    expect(scheduled.stdout).toContain('No backup needed at this time')
    expect(existsSync(place.at('repo'))).toBe(true)
    expect(execFileSync('ls', [place.at('repo')], { encoding: 'utf8' })).toContain('snapshots')
  })
})
