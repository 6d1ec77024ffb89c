import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import {
  defaultAlerts,
  defaultBackupSettings,
  defaultDrill,
  defaultServer,
} from '../../../src/config/defaults.ts'
import { loadConfig } from '../../../src/config/load-config.ts'
import { HoldfastError } from '../../../src/foundation/errors.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-config-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function write(text: string): string {
  const file = join(folder, 'config.yml')
  writeFileSync(file, text)
  return file
}

function faultOf(text: string): HoldfastError {
  const file = write(text)
  try {
    loadConfig(file)
  } catch (error) {
    expect(error).toBeInstanceOf(HoldfastError)
    return error as HoldfastError
  }
  throw new Error('the configuration was accepted')
}

const documented = new URL('../../../config.yml', import.meta.url)

describe('loadConfig()', () => {
  it('reads the documented example to the documented defaults', () => {
    const { backup, repository } = loadConfig(write(readFileSync(documented, 'utf8')))
    expect(backup).toEqual(defaultBackupSettings)
    expect(repository).toBe(join(folder, 'repo'))
  })

  it('reads the other repositories, with paths from the folder of the file', () => {
    const { settings } = loadConfig(
      write(
        'holdfast:\n  also_to:\n    - repository: disk\n      passphrase_file: disk.pass\n' +
          '    - { repository: "s3:https://store/bucket", passphrase_command: pass far }\n',
      ),
    )
    expect(settings.alsoTo).toEqual([
      { location: join(folder, 'disk'), passphraseFile: join(folder, 'disk.pass') },
      { location: 's3:https://store/bucket', passphraseCommand: 'pass far' },
    ])
    expect(loadConfig(write('')).settings.alsoTo).toEqual([])
    const fault = faultOf('holdfast:\n  also_to:\n    - passphrase_file: disk.pass\n')
    expect(fault.message).toContain('without repository')
  })

  it('fills in the defaults of an empty section, and says when there is no section', () => {
    expect(loadConfig(write('api:\n  backup:\n')).backup).toEqual(defaultBackupSettings)
    expect(loadConfig(write('api:\n  port: 8080\n')).backup).toBeUndefined()
    expect(loadConfig(write('')).backup).toBeUndefined()
  })

  it('keeps the default of every key that a schedule leaves out', () => {
    const { backup } = loadConfig(
      write('api:\n  backup:\n    schedule:\n      retention_days: 90\n'),
    )
    expect(backup?.schedule).toEqual({ ...defaultBackupSettings.schedule, retentionDays: 90 })
  })

  it('takes given paths as the whole set, one or a list each', () => {
    const { backup } = loadConfig(
      write('api:\n  backup:\n    paths:\n      index: data\n      logs: [a, b]\n'),
    )
    expect(backup?.paths).toEqual({ index: ['data'], logs: ['a', 'b'] })
  })

  it('ignores the sections of the application, whatever they hold', () => {
    const { repository } = loadConfig(
      write('server:\n  anything: [1, {x: y}]\napi:\n  port: 1\nmodel: !secret abc\n'),
    )
    expect(repository).toBeUndefined()
  })

  it('resolves relative paths from the folder of the file', () => {
    const { settings } = loadConfig(
      write(
        'holdfast:\n  passphrase_file: ../pass\n  cache_directory: cache\n  exclude_files: x\n',
      ),
    )
    expect(settings.passphraseFile).toBe(join(folder, '../pass'))
    expect(settings.cacheDirectory).toBe(join(folder, 'cache'))
    expect(settings.excludeFiles).toEqual([join(folder, 'x')])
  })

  it('has a default for everything that Holdfast adds', () => {
    const { settings } = loadConfig(write(''))
    expect(settings).toMatchObject({
      schedule: {},
      drill: defaultDrill,
      hooks: { timeoutSeconds: 600 },
      alerts: defaultAlerts,
      channels: [],
      server: defaultServer,
      exports: {
        folder: join(folder, 'backups'),
        historyFile: join(folder, 'logs/backup_history.jsonl'),
      },
      accessLog: join(folder, 'logs/holdfast_access.jsonl'),
    })
  })

  it('reads the example of the command reference as a whole', () => {
    const reference = readFileSync(new URL('../../../docs/COMMANDS.md', import.meta.url), 'utf8')
    const [, example] = /## Configuration[^]*?```yaml\n([^]*?)```/.exec(reference) ?? []
    const { settings } = loadConfig(write(example))
    expect(settings.alerts).toEqual(defaultAlerts)
    expect(settings.schedule).toMatchObject({ full: '0 2 * * 0', timeZone: 'Europe/Berlin' })
    expect(settings.channels.map(({ type }) => type)).toEqual([
      'webhook',
      'command',
      'email',
      'ping',
    ])
    expect(settings.server).toMatchObject({
      tokenFile: join(folder, '../holdfast.token'),
      restoreRoots: ['/srv/restore'],
      bodyBytesMax: 1024 ** 2,
    })
  })

  it.each([
    ['schedule:\n    full: sometimes', 'line 3: holdfast.schedule.full is "sometimes"'],
    ['schedule:\n    time_zone: Mars/Base', 'holdfast.schedule.time_zone is "Mars/Base"'],
    ['alerts:\n    failure_rate: 10', 'holdfast.alerts.failure_rate is 10'],
    ['alerts:\n    backup_size: big', 'allowed: a size such as 500M or 1GB'],
    ['channels: {}', 'holdfast.channels is {}'],
    ['channels:\n    - { type: pager }', 'line 3: holdfast.channels.0.type is "pager"'],
    ['channels:\n    - { type: ping }', 'line 3: holdfast.channels.0 is without url'],
    ['channels:\n    - { type: ping, url: "file:///etc" }', 'an http or https address'],
    ['channels:\n    - { type: ping, url: "http://a", to: b }', 'a key that does not exist'],
    ['server:\n    port: 70000', 'a number of the port from 0 to 65535'],
  ])('refuses %j', (text, told) => {
    expect(faultOf(`holdfast:\n  ${text}\n`).message).toContain(told)
  })

  it('leaves a repository with a scheme as it is', () => {
    expect(loadConfig(write('repository: s3://bucket/prefix\n')).repository).toBe(
      's3://bucket/prefix',
    )
  })

  it('lets holdfast.repository win, so that an application may use the word itself', () => {
    const { repository } = loadConfig(
      write('repository:\n  url: x\nholdfast:\n  repository: /srv/backup\n'),
    )
    expect(repository).toBe('/srv/backup')
  })

  it.each([
    ['enabled: maybe', 'enabled', '"maybe"', 'true or false'],
    ['schedule: weekly', 'schedule', '"weekly"', 'a mapping'],
    ['paths: [a]', 'paths', '["a"]', 'a mapping'],
    ['retention: 3', 'retention', 'a key that does not exist', 'auto_cleanup'],
    ['compression:', 'compression', 'empty', 'true or false'],
  ])('names file, line, key, value and what is allowed: %s', (line, key, found, allowed) => {
    const error = faultOf(`app: 1\n\napi:\n  backup:\n    auto_cleanup: true\n    ${line}\n`)
    expect(error.code).toBe('CONFIG_INVALID')
    expect(error.message).toContain(`${folder}/config.yml", line 6: api.backup.${key} is ${found}`)
    expect(error.message).toContain('allowed: ')
    expect(String(error.facts['allowed'])).toContain(allowed)
    expect(error.facts['line']).toBe(6)
  })

  it.each(['0', '-1', '1.5', '"7"', '1e400', '[1]'])('refuses %s as a number of days', (value) => {
    const error = faultOf(`api:\n  backup:\n    schedule:\n      full_backup_days: ${value}\n`)
    expect(error.message).toContain('line 4: api.backup.schedule.full_backup_days')
    expect(error.message).toContain('a whole number of days, 1 or more')
  })

  it('names every fault at once', () => {
    const error = faultOf('api:\n  backup:\n    enabled: 1\n    compression: 2\nrepository: 3\n')
    for (const line of ['line 3', 'line 4', 'line 5']) expect(error.message).toContain(line)
  })

  it('refuses keys that only every object has', () => {
    expect(faultOf('holdfast:\n  toString: x\n').message).toContain('holdfast.toString')
    expect(faultOf('holdfast:\n  constructor: x\n').message).toContain('holdfast.constructor')
  })

  it.each([
    ['tabs', 'api:\n\tbackup: 1\n', 2],
    ['an open quote', 'a: 1\nb: "x\n', 2],
    ['a key twice', 'repository: a\nrepository: b\n', 2],
    ['two documents', 'a: 1\n---\nb: 2\n', 2],
  ])('names the line of a syntax fault: %s', (_, text, line) => {
    const error = faultOf(text)
    expect(error.code).toBe('CONFIG_INVALID')
    expect(error.facts['line']).toBeGreaterThanOrEqual(line)
    expect(error.facts['line']).toBeLessThanOrEqual(line + 1)
  })

  it('refuses a list, a text and a bomb of aliases', () => {
    expect(faultOf('- a\n- b\n').message).toContain('allowed: a mapping')
    expect(faultOf('hello\n').message).toContain('allowed: a mapping')
    const levels = Array.from({ length: 12 }, (_, level) => {
      const items =
        level === 0
          ? 'x, x'
          : Array(9)
              .fill(`*a${level - 1}`)
              .join(', ')
      return `a${level}: &a${level} [${items}]`
    })
    expect(faultOf(`${levels.join('\n')}\n`).code).toBe('CONFIG_INVALID')
  })

  it('refuses a file that is missing, a folder, or too large', () => {
    expect(() => loadConfig(join(folder, 'none.yml'))).toThrow(/Cannot read configuration/)
    expect(() => loadConfig(folder)).toThrow(/Cannot read configuration/)
    expect(faultOf(`a: ${'x'.repeat(5_000_000)}\n`).message).toContain('at most')
  })
})
