import { describe, expect, it } from 'vitest'
import {
  compileFaultShim,
  createFaultControl,
  FaultControl,
  faultEnvironment,
} from '../support/fault-shim/fault-control.ts'
import { join } from 'node:path'
import { randomBytesOf } from '../support/random-bytes.ts'
import { fastFolder, scratchFolder } from '../support/scratch.ts'
import { workspace } from './workspace.ts'

const MiB = 1024 * 1024

describe('files that are large enough for all threads', () => {
  it('are left out when they cannot be read to their end, and nothing else is', () => {
    const folder = scratchFolder(fastFolder)
    const control = join(folder, 'control')
    createFaultControl(control)
    const w = workspace({
      HOLDFAST_THREADS: '2',
      ...faultEnvironment(compileFaultShim(folder), control),
    })
    const large = w.write('source/large', randomBytesOf('large', 66 * MiB))
    w.write('source/other', randomBytesOf('other', 65 * MiB))
    w.write('source/small', 'small')
    w.done(['init'])
    const faults = new FaultControl(control)
    faults.arm({ kinds: ['read'], roots: [large], mode: 'once', error: 'EIO', nth: 9 })
    const { status, stderr } = w.run(['snapshot', w.at('source')])
    expect(faults.disarm()).toMatchObject({ hits: 1, kind: 'read' })
    faults.close()
    expect(status).toBe(3)
    expect(stderr).toMatch(/large.*EIO/)
    const names = w.done(['ls', 'latest', '--recursive']).stdout
    expect(names).toContain('other')
    expect(names).toContain('small')
    expect(names).not.toContain('large')
    w.done(['verify', 'latest'])
    // It is stored when it can be read again.
    w.done(['snapshot', w.at('source')])
    expect(w.done(['ls', 'latest', '--recursive']).stdout).toContain('large')
  })
})
