import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

import { chooseRepository } from '../../../src/config/choose-repository.ts'
import { findConfig } from '../../../src/config/find-config.ts'
import type { Configuration } from '../../../src/config/load-config.ts'

const configured = { repository: '/from/config' } as Configuration

function choose(
  option: string | undefined,
  variable: string | undefined,
  configuration: Configuration | undefined,
): string {
  return chooseRepository({
    option,
    variable,
    workingFolder: '/work',
    configuration: () => configuration,
  }).location
}

describe('chooseRepository()', () => {
  it('takes the option, else the variable, else the configuration, else ./repo', () => {
    expect(choose('a', 'b', configured)).toBe('/work/a')
    expect(choose(undefined, 'b', configured)).toBe('/work/b')
    expect(choose(undefined, '', configured)).toBe('/from/config')
    expect(choose(undefined, undefined, configured)).toBe('/from/config')
    expect(choose(undefined, undefined, undefined)).toBe('/work/repo')
  })

  it('does not read the configuration when the repository is named', () => {
    const configuration = (): never => {
      throw new Error('read')
    }
    const hints = { workingFolder: '/', configuration }
    expect(chooseRepository({ ...hints, option: 'a', variable: undefined }).source).toBe('--repo')
    expect(chooseRepository({ ...hints, option: undefined, variable: 'b' }).location).toBe('/b')
  })

  it('keeps locations with a scheme and refuses an empty option', () => {
    expect(choose('s3:host/bucket', undefined, undefined)).toBe('s3:host/bucket')
    expect(() => choose('', 'b', configured)).toThrow(/--repo is empty/)
  })
})

describe('findConfig()', () => {
  it('finds the nearest file in the folder or a parent', () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-find-'))
    const deep = join(folder, 'a', 'b', 'c')
    mkdirSync(deep, { recursive: true })
    writeFileSync(join(folder, 'config.yml'), '')
    expect(findConfig(deep)).toBe(join(folder, 'config.yml'))
    writeFileSync(join(folder, 'a', 'b', 'config.yml'), '')
    expect(findConfig(deep)).toBe(join(folder, 'a', 'b', 'config.yml'))
    rmSync(folder, { recursive: true })
  })
})
