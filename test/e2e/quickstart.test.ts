import { spawnSync, type SpawnSyncReturns } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

import { checkout, workspace } from './workspace.ts'

function quickstart(folder: string): SpawnSyncReturns<string> {
  const script = join(checkout, 'examples/quickstart/quickstart.ts')
  return spawnSync(process.execPath, ['--import', 'tsx', script, folder], {
    cwd: checkout,
    encoding: 'utf8',
  })
}

describe('make quickstart', () => {
  it('comes to its end, also where an earlier run was cut off', () => {
    const space = workspace()
    space.write('quickstart/.made-by-make-quickstart', '')
    space.write('quickstart/repository/config', 'half')
    space.write('quickstart/project/leftover', '')
    const { status, stdout, stderr } = quickstart(space.at('quickstart'))
    expect(stderr).toBe('')
    expect(stdout).toContain('is what the file was before the change, byte for byte')
    expect(stdout).toContain('all equal in content, mode, owner and time')
    expect(status).toBe(0)
    expect(existsSync(space.at('quickstart/project/leftover'))).toBe(false)
  })

  it('leaves a folder alone that it did not make', () => {
    const space = workspace()
    const precious = space.write('quickstart/precious', 'x')
    const { status, stderr } = quickstart(space.at('quickstart'))
    expect(status).toBe(1)
    expect(stderr).toContain('was not made by make quickstart')
    expect(existsSync(precious)).toBe(true)
  })
})
