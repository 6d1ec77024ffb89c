import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'

import { systemdUnits } from '../../src/service/install/systemd-units.ts'
import { removeTree } from '../support/remove-tree.ts'
import { workspace, type JsonObject, type Workspace } from './workspace.ts'

/** Spaces, quotes, and what crontabs and units read in their own way. */
const oddName = "100% o'clock $HOME"

function isThere(program: string): boolean {
  return spawnSync(program, ['--version']).error === undefined
}

/** The crontab of whoever runs the tests, empty when there is none. */
function crontab(): string {
  const { status, stdout } = spawnSync('crontab', ['-l'], { encoding: 'utf8' })
  return status === 0 ? stdout : ''
}

function setCrontab(text: string): void {
  const { status, stderr } = spawnSync('crontab', ['-'], { input: text, encoding: 'utf8' })
  if (status !== 0) throw new Error(`crontab: ${stderr}`)
}

function keepCrontab(): void {
  const before = crontab()
  onTestFinished(() => {
    if (before === '') spawnSync('crontab', ['-r'])
    else setCrontab(before)
  })
}

function project(): Workspace {
  const space = workspace({ HOLDFAST_REPOSITORY: '' })
  space.write(`${oddName}/data/file`, 'content')
  space.write(
    `${oddName}/config.yml`,
    'repository: repo\napi: { backup: { paths: { index: data }, verification: true } }\n',
  )
  space.done(['init'], { folder: oddName })
  return space
}

/**
 * What cron does with a line: the command goes up to the first bare `%`, an escaped one is a `%`, and a shell runs it in the home folder with next to no
 * environment.
 */
function runAsCron(line: string, home: string): ReturnType<typeof spawnSync> {
  const [, command = ''] = /^(?:\S+ ){5}(.*)$/.exec(line) ?? []
  const [beforeInput = ''] = /^(?:[^%\\]|\\.)*/.exec(command) ?? []
  return spawnSync('/bin/sh', ['-c', beforeInput.replaceAll('\\%', '%')], {
    cwd: home,
    env: { HOME: home, LOGNAME: 'tester', SHELL: '/bin/sh', PATH: '/usr/bin:/bin' },
    encoding: 'utf8',
    timeout: 60_000,
  })
}

// Debian's package `cron` has the program; no daemon has to run.
describe.skipIf(!isThere('crontab'))('holdfast schedule --install, with the crontab', () => {
  it('adds an entry that makes a backup as cron runs it, once, and takes only that one out', () => {
    keepCrontab()
    const mine = '# of somebody else\n5 5 * * * echo 100\\% >/dev/null\n'
    setCrontab(mine)
    const space = project()
    const inProject = { folder: oddName }
    const unasked = space.run(['schedule', '--install'], inProject)
    expect(unasked.status).toBe(2)
    expect(crontab()).toBe(mine)
    expect(space.done(['schedule', '--install', '--yes'], inProject).stdout).toBe(
      'Wrote the crontab\n',
    )
    const installed = crontab()
    expect(installed.startsWith(mine)).toBe(true)
    const again = space.done(['schedule', '--install', '--yes'], inProject)
    expect(again.stdout).toBe('The crontab has this entry already\n')
    expect(crontab()).toBe(installed)

    const line = installed.split('\n').find((text) => text.startsWith('17 ')) ?? ''
    mkdirSync(space.at('home'))
    expect(runAsCron(line, space.at('home'))).toMatchObject({ status: 0, stdout: '', stderr: '' })
    const [backup] = space.done(['list', '--json'], inProject).json() as JsonObject[]
    expect(backup).toMatchObject({ backup_type: 'full', status: 'verified' })

    const findings = space.run(['doctor', '--json'], inProject).line('doctor')['findings']
    expect(findings).toContainEqual({
      check: 'schedule',
      severity: 'ok',
      message: 'the crontab of this user has an entry',
      fix: '',
    })
    space.done(['schedule', '--uninstall', '--yes'], inProject)
    expect(crontab()).toBe(mine)
    const nothing = space.done(['schedule', '--uninstall', '--yes'], inProject)
    expect(nothing.stdout).toBe('Nothing to take out of the crontab\n')
  })
})

describe('holdfast schedule --install --systemd', () => {
  it.skipIf(!isThere('systemd-analyze'))('writes units that systemd takes', () => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'holdfast-units-')))
    onTestFinished(() => removeTree(folder))
    const place = join(folder, oddName)
    mkdirSync(place)
    const words = [process.execPath, join(place, 'main.js'), 'schedule', '--config', 'a "b" \\ c']
    const units = systemdUnits({ words, folder: place, file: join(place, 'config.yml') })
    for (const { name, text } of units) writeFileSync(join(folder, name), text)
    const paths = units.map(({ name }) => join(folder, name))
    const verified = spawnSync('systemd-analyze', ['verify', '--man=no', ...paths], {
      encoding: 'utf8',
    })
    const ofUnits = verified.stderr
      .split('\n')
      .filter((line) => line.includes(units[0].name.slice(0, 17)))
    expect(ofUnits).toEqual([])
    expect(verified.status).toBe(0)
  })

  it('leaves no units behind that could not be started', () => {
    const space = project()
    // There is no manager of this user's units where the address of its bus leads nowhere.
    const environment = {
      XDG_CONFIG_HOME: space.at('units'),
      XDG_RUNTIME_DIR: space.at('nowhere'),
      DBUS_SESSION_BUS_ADDRESS: `unix:path=${space.at('nowhere')}`,
    }
    const options = { folder: oddName, environment }
    const failed = space.run(['schedule', '--install', '--systemd', '--user', '--yes'], options)
    expect(failed.status).toBe(1)
    expect(failed.stderr).toContain('Cannot run "systemctl --user daemon-reload"')
    const folder = space.at('units/systemd/user')
    expect(existsSync(folder) ? readdirSync(folder) : []).toEqual([])
  })
})
